"""Which receivers an alert goes to: by the names in its pattern, then by what each receiver wants."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from topics.alerts import Alert
from workers.errors import ConfigurationError
from workers.notify.inhibition import InhibitRule
from workers.notify.targets import RECEIVER_PATTERN, Receiver, TerminalReceiver

STANDBY = TerminalReceiver(name="standby-terminal")
"""Hears of trouble with a receiver when there is no other one."""


@dataclass(frozen=True, slots=True)
class Route:
    """Whom one alert goes to; `unknown` are names in its pattern that no receiver bears."""

    receivers: tuple[Receiver, ...]
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receivers:
    """All receivers in force, and which alerts mute which.

    `source` is their file; None if nobody configured any: then names are not looked at.
    """

    all: tuple[Receiver, ...]
    source: Path | None = None
    inhibit_rules: tuple[InhibitRule, ...] = ()

    @classmethod
    def default(cls) -> Receivers:
        """With nothing configured, every alert goes to the terminal."""
        return cls((TerminalReceiver(name="terminal"),))

    @property
    def lanes(self) -> tuple[Receiver, ...]:
        """Everybody that something may have to be sent to."""
        return self.all if len(self.all) > 1 else (*self.all, STANDBY)

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
        """By the names in the pattern (none: everybody), then by what each receiver wants.

        An alert about a receiver goes to all others, whatever they want; if there is none, to the standby terminal.
        """
        if alert.pattern_id == RECEIVER_PATTERN:
            about = alert.group.get("receiver", ())
            return Route(tuple(r for r in self.all if r.name not in about) or (STANDBY,))
        if self.source is None or not alert.receivers:
            chosen: Sequence[Receiver] = self.all
            unknown: tuple[str, ...] = ()
        else:
            chosen = [receiver for receiver in self.all if receiver.name in alert.receivers]
            unknown = tuple(dict.fromkeys(name for name in alert.receivers if name not in self.names))
        return Route(tuple(receiver for receiver in chosen if receiver.wants(alert)), unknown)

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
