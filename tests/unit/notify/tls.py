"""Certificates for tests of TLS on this machine (`tests/data/tls`)."""

from __future__ import annotations

import ssl
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "data" / "tls"
CA = FOLDER / "ca.pem"
CLIENT_CERT, CLIENT_KEY = FOLDER / "client.pem", FOLDER / "client.key"


def server_context(*, asks_for_client: bool = False) -> ssl.SSLContext:
    """A server's; with `asks_for_client` it takes only clients of the same authority."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(FOLDER / "server.pem", FOLDER / "server.key")
    if asks_for_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(CA)
    return context
