"""A real SMTP server on loopback, as small as a test needs it: TLS, STARTTLS, AUTH, and answers as programmed."""

from __future__ import annotations

import base64
import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, cast

from tests.rig.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it came."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    tls: bool
    login: str | None

    @property
    def message(self) -> EmailMessage:
        """Parsed."""
        return cast("EmailMessage", message_from_bytes(self.raw, policy=policy.default))


@dataclass
class SmtpServer:
    """`answers` replaces the usual answer to a command (its first word), such as `{"RCPT": "450 later"}`.

    `tls`: a context for TLS; from the first byte if `at_once`, else by STARTTLS.
    """

    tls: ssl.SSLContext | None = None
    at_once: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    mails: list[Mail] = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)
    port: int = 0


class _Session(socketserver.StreamRequestHandler):
    owner: SmtpServer

    def handle(self) -> None:
        self._login: str | None = None
        self._secure = False
        if self.owner.tls is not None and self.owner.at_once:
            self._secured()
        self._begin()
        with contextlib.suppress(OSError, ssl.SSLError):
            self._say(self.owner.answers.get("CONNECT", "220 test ESMTP"))
            while line := self.rfile.readline():
                command, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
                if not self._obey(command.upper(), rest):
                    return

    def _begin(self) -> None:
        self._sender, self._recipients = "", list[str]()

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def _secured(self) -> None:
        assert self.owner.tls is not None
        self.connection = self.owner.tls.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), cast("Any", self.connection.makefile("wb", 0))
        self._secure = True

    def _obey(self, command: str, rest: str) -> bool:
        if command == "HANG" or self.owner.answers.get(command) == "HANG":
            self.owner.hang.wait(30)
            return False
        programmed = self.owner.answers.get(command)
        if programmed is None and command in {"EHLO", "STARTTLS", "AUTH", "DATA"}:
            getattr(self, f"_{command.lower()}")(rest)
            return True
        if programmed is None and command == "MAIL":
            self._sender = rest.partition("<")[2].partition(">")[0]
        if programmed is None and command == "RCPT":
            address = rest.partition("<")[2].partition(">")[0]
            programmed = self.owner.answers.get(f"RCPT {address}")
            if programmed is None:
                self._recipients.append(address)
        self._say(programmed or ("221 bye" if command == "QUIT" else "250 ok"))
        return command != "QUIT"

    def _ehlo(self, _rest: str) -> None:
        offers = ["test", "8BITMIME", "SMTPUTF8", "AUTH PLAIN"]
        if self.owner.tls is not None and not self._secure:
            offers.append("STARTTLS")
        self._say("\r\n".join(f"250{'-' if offer != offers[-1] else ' '}{offer}" for offer in offers))

    def _starttls(self, _rest: str) -> None:
        self._say("220 go ahead")
        self._secured()

    def _auth(self, rest: str) -> None:
        self._login = base64.b64decode(rest.partition(" ")[2]).decode().strip("\0")
        self._say("235 ok")

    def _data(self, _rest: str) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b".") else line)
        mail = Mail(self._sender, tuple(self._recipients), b"".join(lines), self._secure, self._login)
        self._begin()
        self.owner.mails.append(mail)
        self._say(self.owner.answers.get("END", "250 taken"))


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or refuses a certificate, is what tests are about."""


@contextmanager
def smtp_server(
    tls: ssl.SSLContext | None = None, *, at_once: bool = False, answers: Mapping[str, str] | None = None
) -> Iterator[SmtpServer]:
    """A running server."""
    owner = SmtpServer(tls, at_once, dict(answers or {}))
    handler = type("Session", (_Session,), {"owner": owner})
    with _Server((LOOPBACK, 0), handler) as server:
        owner.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield owner
        finally:
            owner.hang.set()
            server.shutdown()
