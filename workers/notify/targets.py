"""Receivers as the steps use them: what to tell whom, where, and for how long to try.

Reading `receivers.yaml` is the work of `config`, choosing among receivers that of `routing`, sending that of `sending`.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from topics.alerts import Alert, Level

LEVELS: tuple[Level, ...] = ("informational", "low", "medium", "high", "critical")
"""From the least to the most urgent."""

ReceiverType = Literal["webhook", "slack", "email", "apprise", "terminal", "stdout", "file"]

RECEIVER_PATTERN = "tocsin-receiver"
"""The pattern id of alerts about a receiver itself."""

REDACTED = "[redacted]"
_SHORTEST_SECRET = 6
"""Shorter pieces of an address are words like `hooks`; hiding them would hide the message too."""

NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}$")
"""Names are parts of Redis keys and of metric labels."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to try: pauses grow from `first` by doubling up to `longest` (seconds), until `give_up_after` seconds.

    `attempts` bounds the number of tries as well, if set. After `circuit_after` failures in a row the receiver as a
    whole is left alone for a while.
    """

    first: float = 1.0
    longest: float = 600.0
    give_up_after: float = 86_400.0
    attempts: int | None = None
    circuit_after: int = 5


@dataclass(frozen=True, slots=True)
class Grouping:
    """How often a receiver is told, in seconds; the words are Alertmanager's.

    `by`: labels whose values the alerts of one notification share; empty: all alerts are one group; None: each alert is
    told by itself. The first of a group waits for `wait`, what follows until `interval` after the last notification;
    alerts from level `urgent_from` on wait for neither. With `updates` it is told of more evidence for what it was told
    of, at most every `interval`. `repeat`: what still stands is told again so often. `closings`: it is told when
    nothing new came of an alert for so long that it stands no more.
    """

    by: tuple[str, ...] | None = None
    wait: float = 0.0
    interval: float = 300.0
    repeat: float | None = None
    urgent_from: Level | None = None
    updates: bool = False
    closings: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverBase:
    """What all receivers have. `timeout` is in seconds, for one attempt; `interval` lies between two messages.

    It is told of alerts from `min_level` on that bear one of `tags` and come of one of `patterns` (ids, with `*`); if
    none is given, of all. A person is rung once for an alert and all that take its place. With `every_change` the
    receiver is told of each of them and of each taken back, as a program needs that keeps the alerts that stand.
    """

    type: ClassVar[ReceiverType]
    name: str
    min_level: Level = "informational"
    tags: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    retry: RetryPolicy = RetryPolicy()
    timeout: float = 10.0
    interval: float = 0.0
    every_change: bool = False
    grouping: Grouping = Grouping()

    def wants(self, alert: Alert) -> bool:
        """Whether `alert` is urgent enough, and one of those it is told of."""
        return (
            LEVELS.index(alert.level) >= LEVELS.index(self.min_level)
            and (not self.tags or not set(self.tags).isdisjoint(alert.tags))
            and (not self.patterns or any(fnmatch.fnmatchcase(alert.pattern_id, glob) for glob in self.patterns))
        )

    def address(self) -> str:
        """Where it sends, without what is secret."""
        raise NotImplementedError

    def scrub(self, text: str) -> str:
        """`text` without any of this receiver's secrets."""
        for secret in sorted(self.secrets_held(), key=len, reverse=True):
            text = text.replace(secret, REDACTED)
        return text

    def secrets_held(self) -> set[str]:
        """What must never be shown."""
        return set()

    def fingerprint(self) -> str:
        """Changes with the configuration, secrets too, and tells nothing of it."""
        told = "\0".join(f"{one.name}={_plainly(getattr(self, one.name))}" for one in fields(self))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Tls:
    """Files: `ca` to trust besides the system's authorities, `cert` and `key` to show to the server (mutual TLS)."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReceiver(ReceiverBase):
    """A receiver at the end of an HTTP address. `allow_private` lets the address be on this machine or network."""

    url: SecretStr
    allow_private: bool = False
    tls: Tls = Tls()

    def address(self) -> str:
        """Scheme, host and port; path, query and user are secret."""
        parts = urlsplit(self.url.get_secret_value())
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{REDACTED}"

    def secrets_held(self) -> set[str]:
        """The address in whole and in parts."""
        return address_secrets(self.url.get_secret_value())


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver(HttpReceiver):
    """Signed JSON. Every one of `secrets` signs, so that a key can be changed without a gap.

    `cloudevents` wraps it as a CloudEvent 1.0; `template` (Jinja) makes a body of its own, of `content_type`.
    """

    type: ClassVar[ReceiverType] = "webhook"
    secrets: tuple[SecretStr, ...] = ()
    headers: Mapping[str, SecretStr] = field(default_factory=dict)
    cloudevents: Literal["structured", "binary"] | None = None
    template: str | None = None
    content_type: str = "application/json"

    def secrets_held(self) -> set[str]:
        """The address, keys and header values."""
        keys = {key.get_secret_value() for key in (*self.secrets, *self.headers.values())}
        # slots=True makes a new class, which breaks the short form of super().
        return HttpReceiver.secrets_held(self) | {
            part for key in keys for part in (key, key.removeprefix("whsec_")) if part
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackReceiver(HttpReceiver):
    """An incoming webhook of Slack; or, with `token` and `channel`, an app whose messages change in place."""

    type: ClassVar[ReceiverType] = "slack"
    interval: float = 1.0
    token: SecretStr | None = None
    channel: str = ""

    def address(self) -> str:
        """An app's channel is no secret."""
        where = HttpReceiver.address(self)
        return f"{where} {self.channel}" if self.token else where

    def secrets_held(self) -> set[str]:
        """The token, or the address."""
        return {self.token.get_secret_value()} if self.token else HttpReceiver.secrets_held(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailReceiver(ReceiverBase):
    """One mail a delivery by SMTP. `security`: TLS from the first byte (`tls`), STARTTLS, or none."""

    type: ClassVar[ReceiverType] = "email"
    host: str
    port: int
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    sender: str
    to: tuple[str, ...]
    allow_private: bool = False
    tls: Tls = Tls()

    def address(self) -> str:
        """Server and recipients."""
        return f"{self.host}:{self.port} to {', '.join(self.to)}"

    def secrets_held(self) -> set[str]:
        """The password."""
        return {self.password.get_secret_value()} if self.password else set()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseReceiver(ReceiverBase):
    """Any service that the package Apprise knows, by its `urls`. Where they lead is Apprise's matter, unchecked."""

    type: ClassVar[ReceiverType] = "apprise"
    timeout: float = 30.0
    urls: tuple[SecretStr, ...]

    def address(self) -> str:
        """The kinds of service."""
        return ", ".join(f"{url.get_secret_value().partition('://')[0]}://{REDACTED}" for url in self.urls)

    def secrets_held(self) -> set[str]:
        """The addresses in whole and in parts."""
        return {secret for url in self.urls for secret in address_secrets(url.get_secret_value())}


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalReceiver(ReceiverBase):
    """Standard output of the worker, for a person."""

    type: ClassVar[ReceiverType] = "terminal"

    def address(self) -> str:
        """Standard output."""
        return "standard output"


@dataclass(frozen=True, slots=True, kw_only=True)
class StdoutReceiver(ReceiverBase):
    """Standard output of the worker, one JSON line a delivery, for a program."""

    type: ClassVar[ReceiverType] = "stdout"

    def address(self) -> str:
        """Standard output."""
        return "standard output"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReceiver(ReceiverBase):
    """A file of JSON lines that is only appended to."""

    type: ClassVar[ReceiverType] = "file"
    path: Path

    def address(self) -> str:
        """The path."""
        return str(self.path)


Receiver = (
    WebhookReceiver | SlackReceiver | EmailReceiver | AppriseReceiver | TerminalReceiver | StdoutReceiver | FileReceiver
)


def address_secrets(url: str) -> set[str]:
    """`url` and those parts of it that may be secret."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)), parts.password or ""]
    return {url} | {p for piece in pieces for p in (piece, unquote(piece)) if len(p) >= _SHORTEST_SECRET}


def _plainly(value: Any) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping):
        return repr([(name, _plainly(one)) for name, one in sorted(value.items())])
    if isinstance(value, Iterable) and not isinstance(value, str):
        return repr([_plainly(one) for one in value])
    return repr(value)
