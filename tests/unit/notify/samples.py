"""Alerts, receivers and helpers for the tests of the notify step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from tests.rig.http_receiver import HttpReceiver
from topics.alerts import Alert, AlertCounts, Evidence, Window
from topics.annotations import Span
from topics.codec import encode
from topics.deliveries import Delivery
from workers.notify.message import Message
from workers.notify.step import Notify
from workers.notify.targets import RetryPolicy, WebhookReceiver
from workers.notify.verdicts import Attempt
from workers.steps import Incoming, Outcome, Outgoing, Refused

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwdGVzdHRlc3Q="


def make_evidence(
    sentence: str = "A rocket rose over the bay.", *, trigger: str = "rose", at: datetime = NOON, **fields: Any
) -> Evidence:
    """One sentence of evidence."""
    start = max(0, sentence.find(trigger))
    given: dict[str, Any] = {
        "rule": "launch",
        "article_id": "a1",
        "revision": "r1",
        "title": "Rocket over the bay",
        "url": "https://wire.example/a1",
        "source": "Bay Wire",
        "event_time": at,
        "type": "missile_launch",
        "status": "actual",
        "trigger": Span(part="text", start=start, end=start + len(trigger), text=trigger),
        "sentence": Span(part="text", start=0, end=len(sentence), text=sentence),
        "confidence": 0.9,
    }
    return Evidence(**{**given, **fields})


def make_alert(alert_id: str = "al1", **fields: Any) -> Alert:
    """An alert of one sentence."""
    given: dict[str, Any] = {
        "id": alert_id,
        "pattern_id": "launch-plus-summit",
        "pattern_version": "1",
        "title": "Launch plus summit",
        "level": "high",
        "group": {"actor": ("XN",)},
        "window": Window(start=NOON, end=NOON + timedelta(hours=48), timespan="48h"),
        "evidence": (make_evidence(),),
        "counts": AlertCounts(articles=1, stories=1, sources=1),
        "first_event_at": NOON,
        "last_event_at": NOON + timedelta(hours=1),
        "fired_at": NOON + timedelta(hours=1),
    }
    return Alert(**{**given, **fields})


def incoming(*alerts: Alert, offset: int = 0) -> list[Incoming]:
    """The alerts as they lie on the topic."""
    return [
        Incoming("tocsin.alerts", 0, offset + i, alert.id.encode(), encode(alert), {}) for i, alert in enumerate(alerts)
    ]


@dataclass
class Published:
    """A `publish` that keeps what it is given; it fails while `broken`."""

    records: list[Outgoing] = field(default_factory=list)
    broken: bool = False

    async def __call__(self, records: Sequence[Outgoing]) -> None:
        if self.broken:
            raise ConnectionError("no broker")
        self.records += records

    def deliveries(self, receiver: str | None = None) -> list[Delivery]:
        """What came, in order of attempt."""
        found = [o.record for o in self.records if isinstance(o.record, Delivery)]
        return [d for d in found if receiver is None or d.receiver == receiver]

    def of_kind(self, kind: str) -> list[Any]:
        """The records that went to one topic."""
        return [o.record for o in self.records if o.kind == kind]

    def outcomes(self, receiver: str | None = None) -> list[str]:
        """Their outcomes."""
        return [d.outcome for d in self.deliveries(receiver)]


@dataclass
class FakeChannel:
    """Answers as told, then `delivered`; keeps what it was given."""

    answers: list[Attempt | BaseException] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    closed: bool = False

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        self.sent.append(message)
        answer = self.answers.pop(0) if self.answers else Attempt("delivered", status_code=200)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def close(self) -> None:
        self.closed = True

    def told(self) -> list[tuple[str, str]]:
        """Alert id and state, in order."""
        return [(m.alert.id, m.alert.state) for m in self.sent]


QUICK = RetryPolicy(first=0.02, longest=0.05, give_up_after=30.0)
Start = Callable[..., Awaitable[tuple[Notify, Published]]]
"""The fixture `start`: receivers, `published` and options of `Notify` to a running step and what it publishes."""


def hook(server: HttpReceiver, path: str = "/hook", **fields: Any) -> WebhookReceiver:
    given: dict[str, Any] = {
        "name": "ops", "url": SecretStr(server.url_for(path)), "allow_private": True, "timeout": 2.0, "retry": QUICK,
        "secrets": (SecretStr(SECRET),),
    }  # fmt: skip
    return WebhookReceiver(**{**given, **fields})


async def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        await asyncio.sleep(0.01)


def unsent(outcome: Outcome) -> list[Delivery]:
    """The records that `handle` returned for one alert."""
    assert not isinstance(outcome, Refused)
    assert {out.kind for out in outcome} <= {"deliveries"}
    return [out.record for out in outcome if isinstance(out.record, Delivery)]
