"""A webhook: versioned JSON, signed by the rules of Standard Webhooks (standardwebhooks.com). Pure; `sending` sends."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from standardwebhooks import Webhook

from topics.alerts import Alert
from topics.base import digest

PAYLOAD_VERSION = 1
"""Rises only when a receiver written for the version before could no longer make sense of the payload."""

_SAFE_ID = re.compile(r"^[A-Za-z0-9_-]{1,100}$")


@dataclass(frozen=True, slots=True)
class Request:
    """The exact bytes of the body, and the headers that go with them."""

    body: bytes
    headers: dict[str, str]


def message_id(alert: Alert, *, test: bool = False) -> str:
    """The same for every attempt to tell one state of one alert, so that a receiver can drop repeats."""
    # The full stop divides id, time and body in what is signed, so an id must not hold one.
    name = alert.id if _SAFE_ID.match(alert.id) else digest("message", alert.id, length=32)
    return f"{'test' if test else 'alert'}_{name}_{alert.state}"


def payload(alert: Alert, *, test: bool = False) -> dict[str, Any]:
    """`{version, type, timestamp, data}`, and `test: true` for a test. `timestamp` is when the alert fired."""
    envelope: dict[str, Any] = {
        "version": PAYLOAD_VERSION,
        "type": f"alert.{alert.state}",
        "timestamp": alert.fired_at.isoformat().replace("+00:00", "Z"),
        "data": alert.model_dump(mode="json"),
    }
    return {**envelope, "test": True} if test else envelope


def body_of(alert: Alert, *, test: bool = False) -> bytes:
    """The payload as UTF-8 JSON: the same bytes at every attempt."""
    text = json.dumps(payload(alert, test=test), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")  # a lone surrogate must not keep an alert from being told


def render(alert: Alert, *, attempted_at: datetime, secrets: Sequence[SecretStr] = (), test: bool = False) -> Request:
    """The request for an attempt at `attempted_at` (aware). Without secrets it is not signed."""
    body = body_of(alert, test=test)
    moment = datetime.fromtimestamp(int(attempted_at.timestamp()), UTC)
    name = message_id(alert, test=test)
    headers = {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(moment.timestamp())),
    }
    if secrets:
        text = body.decode("utf-8")
        signatures = [Webhook(secret.get_secret_value()).sign(name, moment, text) for secret in secrets]
        headers["webhook-signature"] = " ".join(signatures)
    return Request(body, headers)
