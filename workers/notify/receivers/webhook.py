"""A webhook: versioned JSON, signed by the rules of Standard Webhooks (standardwebhooks.com). Pure; `sending` sends."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import quote

from pydantic import SecretStr
from standardwebhooks import Webhook

from topics.alerts import Alert
from topics.base import digest
from workers.notify.message import Group

PAYLOAD_VERSION = 1
"""Rises only when a receiver written for the version before could no longer make sense of the payload."""

GROUP_VERSION = 2
"""Of the payload that tells of several alerts."""

CLOUDEVENT_GROUP_TYPE = "tocsin.alerts"

CLOUDEVENT_TYPE = "tocsin.alert"
"""Followed by the state: `tocsin.alert.firing`."""

_PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
_SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


@dataclass(frozen=True, slots=True)
class Request:
    """The exact bytes of the body, and the headers that go with them."""

    body: bytes
    headers: dict[str, str]


def message_id(alert: Alert, *, test: bool = False) -> str:
    """The same for every attempt to tell one change of one alert, so that a receiver can drop repeats."""
    # The full stop divides id, time and body in what is signed, so an id must not hold one.
    name = alert.id if _SAFE_ID.fullmatch(alert.id) else digest("message", alert.id, length=32)
    return f"{'test' if test else 'alert'}_{name}_{alert.state}" + (f"_{alert.sequence}" if alert.sequence else "")


def payload(alert: Alert, *, test: bool = False) -> dict[str, Any]:
    """`{version, type, timestamp, data}`, and `test: true` for a test. `timestamp` is when the alert fired,
    or got more evidence.
    """
    envelope: dict[str, Any] = {
        "version": PAYLOAD_VERSION,
        "type": f"alert.{alert.state}",
        "timestamp": _moment(alert),
        "data": alert.model_dump(mode="json"),
    }
    return {**envelope, "test": True} if test else envelope


def envelope(
    alert: Alert, *, cloudevents: Literal["structured", "binary"] | None = None, test: bool = False
) -> Request:
    """The body and its headers, the same bytes at every attempt: our own payload, or a CloudEvent 1.0 (HTTP binding).

    The event's `id` is the message id, its `source` the pattern, its `subject` the alert, its data the alert; a test
    bears the extension `tocsintest`.
    """
    if cloudevents is None:
        return Request(_json(payload(alert, test=test)), {"content-type": "application/json"})
    attributes = {
        "specversion": "1.0",
        "id": message_id(alert, test=test),
        "source": f"/tocsin/patterns/{quote(alert.pattern_id.encode('utf-8', 'replace'), safe='')}",
        "type": f"{CLOUDEVENT_TYPE}.{alert.state}",
        "subject": alert.id,
        "time": _moment(alert),
    }
    return _event(attributes, alert.model_dump(mode="json"), cloudevents, test=test)


def _event(
    attributes: dict[str, str], data: dict[str, Any], cloudevents: Literal["structured", "binary"], *, test: bool
) -> Request:
    """A CloudEvent by its HTTP binding."""
    if cloudevents == "structured":
        extension = {"tocsintest": True} if test else {}
        event = {**attributes, **extension, "datacontenttype": "application/json", "data": data}
        return Request(_json(event), {"content-type": "application/cloudevents+json; charset=utf-8"})
    headers = {f"ce-{name}": _header_value(value) for name, value in attributes.items()}
    if test:
        headers["ce-tocsintest"] = "true"
    return Request(_json(data), {"content-type": "application/json", **headers})


def group_payload(group: Group, *, test: bool = False) -> dict[str, Any]:
    """`{version, type, id, timestamp, group, alerts}`: the label values that they share, and of each alert `type` and
    `data` as it would have by itself. `timestamp` is that of the latest. A test has `test: true`.
    """
    body: dict[str, Any] = {
        "version": GROUP_VERSION,
        "type": "alerts",
        "id": group_message_id(group, test=test),
        "timestamp": max(_moment(alert) for alert in group.alerts),
        "group": {name: list(values) for name, values in group.labels.items()},
        "alerts": [{"type": f"alert.{alert.state}", "data": alert.model_dump(mode="json")} for alert in group.alerts],
    }
    return {**body, "test": True} if test else body


def group_message_id(group: Group, *, test: bool = False) -> str:
    """The same for every attempt to tell it."""
    return f"test_{group.id}" if test else group.id


def group_envelope(
    group: Group, *, cloudevents: Literal["structured", "binary"] | None = None, test: bool = False
) -> Request:
    """As `envelope`: the payload is the event's data, its `type` `tocsin.alerts`, its `source` `/tocsin/groups`."""
    data = group_payload(group, test=test)
    if cloudevents is None:
        return Request(_json(data), {"content-type": "application/json"})
    attributes = {
        "specversion": "1.0",
        "id": group_message_id(group, test=test),
        "source": "/tocsin/groups",
        "type": CLOUDEVENT_GROUP_TYPE,
        "time": str(data["timestamp"]),
    }
    return _event(attributes, data, cloudevents, test=test)


def signed(name: str, body: bytes, *, attempted_at: datetime, secrets: Sequence[SecretStr] = ()) -> dict[str, str]:
    """Headers of Standard Webhooks for an attempt at `attempted_at` (aware). Without secrets there is no signature."""
    moment = datetime.fromtimestamp(int(attempted_at.timestamp()), UTC)
    headers = {"webhook-id": name, "webhook-timestamp": str(int(moment.timestamp()))}
    if secrets:
        text = body.decode("utf-8")
        signatures = [Webhook(secret.get_secret_value()).sign(name, moment, text) for secret in secrets]
        headers["webhook-signature"] = " ".join(signatures)
    return headers


def _moment(alert: Alert) -> str:
    return (alert.updated_at or alert.fired_at).isoformat().replace("+00:00", "Z")


def _json(value: dict[str, Any]) -> bytes:
    # A lone surrogate must not keep an alert from being told.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _header_value(value: str) -> str:
    """As CloudEvents asks: printable ASCII without space, quote and per cent; all else as UTF-8 in per cent escapes."""
    return quote(value.encode("utf-8", "replace"), safe="".join(c for c in _PRINTABLE if c not in ' "%'))
