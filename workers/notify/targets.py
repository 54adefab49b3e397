"""Receivers as the steps use them: whom to tell, at which level, where, and for how long to try.

Reading `receivers.yaml` is the work of `config`; sending is the work of `sending`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from topics.alerts import Alert, Level
from workers.errors import ConfigurationError

LEVELS: tuple[Level, ...] = ("informational", "low", "medium", "high", "critical")
"""From the least to the most urgent."""

ReceiverType = Literal["webhook", "slack", "terminal", "file"]

REDACTED = "[redacted]"
_SHORTEST_SECRET = 6
"""Shorter pieces of an address are words like `hooks`; hiding them would hide the message too."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long to try: pauses grow from `first` by doubling up to `longest` (seconds), until `give_up_after` seconds.

    `attempts` bounds the number of tries as well, if set.
    """

    first: float = 1.0
    longest: float = 600.0
    give_up_after: float = 86_400.0
    attempts: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverBase:
    """What all receivers have. `timeout` is in seconds, for one attempt.

    A person is rung once for an alert and all that take its place. With `every_change` the receiver is told of each of
    them and of each taken back, as a program needs that keeps the alerts that stand.
    """

    type: ClassVar[ReceiverType]
    name: str
    min_level: Level = "informational"
    retry: RetryPolicy = RetryPolicy()
    timeout: float = 10.0
    every_change: bool = False

    def wants(self, level: Level) -> bool:
        """Whether an alert of `level` is urgent enough."""
        return LEVELS.index(level) >= LEVELS.index(self.min_level)

    def address(self) -> str:
        """Where it sends, without what is secret."""
        raise NotImplementedError

    def scrub(self, text: str) -> str:
        """`text` without any of this receiver's secrets."""
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpReceiver(ReceiverBase):
    """A receiver at the end of an HTTP address. `allow_private` lets the address be on this machine or network."""

    url: SecretStr
    allow_private: bool = False

    def address(self) -> str:
        """Scheme, host and port; path, query and user are secret."""
        parts = urlsplit(self.url.get_secret_value())
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/{REDACTED}"

    def scrub(self, text: str) -> str:
        """`text` without address, keys and header values."""
        for secret in sorted(self._secrets(), key=len, reverse=True):
            text = text.replace(secret, REDACTED)
        return text

    def _secrets(self) -> set[str]:
        url = self.url.get_secret_value()
        parts = urlsplit(url)
        pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)), parts.password or ""]
        long_enough = {p for piece in pieces for p in (piece, unquote(piece)) if len(p) >= _SHORTEST_SECRET}
        return {url} | long_enough


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookReceiver(HttpReceiver):
    """Signed JSON. Every one of `secrets` signs, so that a key can be changed without a gap."""

    type: ClassVar[ReceiverType] = "webhook"
    secrets: tuple[SecretStr, ...] = ()
    headers: Mapping[str, SecretStr] = field(default_factory=dict)

    def _secrets(self) -> set[str]:
        keys = {key.get_secret_value() for key in (*self.secrets, *self.headers.values())}
        # slots=True makes a new class, which breaks the short form of super().
        return HttpReceiver._secrets(self) | {
            part for key in keys for part in (key, key.removeprefix("whsec_")) if part
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackReceiver(HttpReceiver):
    """An incoming webhook of Slack."""

    type: ClassVar[ReceiverType] = "slack"


@dataclass(frozen=True, slots=True, kw_only=True)
class TerminalReceiver(ReceiverBase):
    """Standard output of the worker."""

    type: ClassVar[ReceiverType] = "terminal"

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


Receiver = WebhookReceiver | SlackReceiver | TerminalReceiver | FileReceiver


@dataclass(frozen=True, slots=True)
class Route:
    """Whom one alert goes to; `unknown` are names in its pattern that no receiver bears."""

    receivers: tuple[Receiver, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receivers:
    """All receivers in force. `source` is their file; None if nobody configured any: then names are not looked at."""

    all: tuple[Receiver, ...]
    source: Path | None = None

    @classmethod
    def default(cls) -> Receivers:
        """With nothing configured, every alert goes to the terminal."""
        return cls((TerminalReceiver(name="terminal"),))

    @property
    def names(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(receiver.name for receiver in self.all)

    def get(self, name: str) -> Receiver:
        """The receiver called `name`. Raises ConfigurationError."""
        for receiver in self.all:
            if receiver.name == name:
                return receiver
        raise ConfigurationError(self._unknown((name,)), hint=self._hint())

    def check_names(self, names: Iterable[str]) -> None:
        """Raises ConfigurationError if a pattern names a receiver that does not exist.

        With no file configured all alerts go to the terminal, whatever the patterns name.
        """
        missing = tuple(dict.fromkeys(name for name in names if name not in self.names))
        if missing and self.source is not None:
            raise ConfigurationError(self._unknown(missing), hint=self._hint())

    def route(self, alert: Alert) -> Route:
        """By the names in the pattern (none: everybody), then by level."""
        if self.source is None or not alert.receivers:
            chosen: Sequence[Receiver] = self.all
            unknown: tuple[str, ...] = ()
        else:
            chosen = [receiver for receiver in self.all if receiver.name in alert.receivers]
            unknown = tuple(dict.fromkeys(name for name in alert.receivers if name not in self.names))
        return Route(tuple(receiver for receiver in chosen if receiver.wants(alert.level)), unknown)

    def _unknown(self, names: Sequence[str]) -> str:
        told = []
        for name in names:
            near = difflib.get_close_matches(name, self.names, n=1)
            told.append(f"{name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
        return f"No receiver is called {', '.join(told)}; there are: {', '.join(self.names) or 'none'}."

    def _hint(self) -> str:
        if self.source is None:
            return "Set TOCSIN_RECEIVERS to a receivers.yaml; deploy/examples/receivers.yaml shows one."
        return f"Receivers are configured in {self.source}."


NAME = re.compile(r"^[a-z0-9][a-z0-9_-]{0,62}$")
"""Names are parts of Redis keys and of metric labels."""
