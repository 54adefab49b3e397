"""The notify step in simulated time: real ledger, gate, judge and lanes on a real Redis, and a clock that is set."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.unit.notify.samples import Published, make_alert
from topics.alerts import Alert
from topics.deliveries import Delivery
from topics.silences import Silence
from workers.notify.changes import Arrival
from workers.notify.gate import Gate
from workers.notify.history import Acknowledged
from workers.notify.inhibition import InhibitRule
from workers.notify.keys import Keys
from workers.notify.lane import Lane
from workers.notify.ledger import Ledger
from workers.notify.matchers import parse_matcher
from workers.notify.message import Message
from workers.notify.mute_store import MuteStore
from workers.notify.parking import Parking
from workers.notify.rebuild import Rebuilder
from workers.notify.receivers.webhook import group_message_id, message_id
from workers.notify.routing import Receivers
from workers.notify.silences import new_silence
from workers.notify.standing import Entry, Standings
from workers.notify.targets import Grouping, Receiver, RetryPolicy, TerminalReceiver
from workers.notify.upkeep import Upkeep
from workers.notify.verdicts import Attempt
from workers.redis_client import Redis
from workers.steps import Outgoing

BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC).timestamp()


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


HOUR = 3600.0
PLAIN = TerminalReceiver(name="t", retry=RetryPolicy(first=1, longest=1, give_up_after=600))


def grouped(*by: str, **more: Any) -> TerminalReceiver:
    return replace(PLAIN, grouping=Grouping(**{"by": by, "wait": 30.0, "interval": 300.0, **more}))


def alert(name: str, after: float = 0.0, stands: float = 96 * HOUR, **more: Any) -> Alert:
    """Fired `after` seconds; it stands for `stands` seconds unless something new comes."""
    fired = moment(BEGIN + after)
    return make_alert(name, fired_at=fired, closes_at=fired + timedelta(seconds=stands), **more)


def updated(name: str, at: float, stands: float = 96 * HOUR, **more: Any) -> Alert:
    when = moment(BEGIN + at)
    return alert(name, stands=stands, **more).model_copy(
        update={"state": "updated", "sequence": int(at * 1000) + 1, "updated_at": when,
                "closes_at": when + timedelta(seconds=stands)}
    )  # fmt: skip


def retracted(name: str, at: float, **more: Any) -> Alert:
    return alert(name, state="retracted", sequence=int(at * 1000) + 2, **more)


@dataclass
class Sent:
    """One attempt: when (seconds since the beginning), to whom, under which id, and what of (alert id, state)."""

    at: float
    receiver: str
    id: str
    told: list[tuple[str, str]]
    taken: bool = True
    changes: tuple[tuple[str, int], ...] = ()


@dataclass
class SimulatedChannel:
    """Answers as told, then `delivered`."""

    world: World
    receiver: Receiver
    answers: list[Attempt] = field(default_factory=list)

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        alerts = message.group.alerts if message.group else (message.alert,)
        name = group_message_id(message.group) if message.group else message_id(message.alert)
        answer = self.answers.pop(0) if self.answers else Attempt("delivered", status_code=200)
        self.world.sent.append(
            Sent(self.world.now - BEGIN, self.receiver.name, name, [(a.id, a.state) for a in alerts],
                 answer.verdict == "delivered", tuple((a.id, a.sequence) for a in alerts))
        )  # fmt: skip
        return answer

    async def close(self) -> None:
        """Nothing is held."""


class World:
    """Receivers, a Redis, what Kafka holds, and the time."""

    def __init__(
        self, redis: Redis, *receivers: Receiver, rules: Sequence[InhibitRule] = (), chance: random.Random | None = None
    ) -> None:
        self.now = BEGIN
        self.sent: list[Sent] = []
        self.published = Published()
        self.alerts: list[tuple[Alert, float]] = []
        self.silenced: list[Silence] = []
        self.redis = redis
        self.receivers = Receivers(receivers, inhibit_rules=tuple(rules))
        self.ledger = Ledger(redis, Keys("tocsin"))
        self.standings = Standings(redis, Keys("tocsin"))
        self.mutes = MuteStore(redis, Keys("tocsin"))
        self.parking = Parking(self.receivers, self.ledger, self.mutes, self.clock)
        self.upkeep = Upkeep(self.receivers, self.ledger, self.mutes)
        self.channels = {one.name: SimulatedChannel(self, one) for one in receivers}
        self.lanes = [
            Lane(
                one,
                self.ledger,
                self.channels[one.name],
                recorded=lambda: None,
                clock=self.clock,
                chance=chance or random.Random(7),
                gate=Gate(one, self.ledger, self.mutes, self.receivers.inhibit_rules),
            )
            for one in receivers
        ]

    def clock(self) -> datetime:
        return moment(self.now)

    async def take(self, *alerts: Alert) -> None:
        """They come from the topic, and what is due is sent."""
        for alert in alerts:
            if not self.alerts or self.alerts[-1][0] is not alert:  # else it comes again, after a death
                self.alerts.append((alert, self.now))
            self.keep(await self.parking.park(Arrival(alert, None, f"tocsin.alerts/0/{len(self.alerts)}")))
        await self.work()

    def keep(self, records: Iterable[Delivery]) -> None:
        self.published.records += [Outgoing("deliveries", record.alert_id, record) for record in records]

    async def work(self) -> None:
        """What is due now is done."""
        for lane in self.lanes:
            while await lane._send_due() == 0:
                pass
        await self.flush()

    async def flush(self) -> None:
        """The outbox goes to Kafka."""
        for name in self.channels:
            records = await self.standings.unpublished(name, 1000)
            self.published.records += records.values()
            await self.standings.published(name, records)

    async def until(self, seconds: float, every: float = 1.0) -> None:
        """Time passes up to `seconds` after the beginning; each step looks after what is muted and what is due."""
        while self.now < BEGIN + seconds:
            self.now = min(BEGIN + seconds, self.now + every)
            await self.upkeep.look(self.clock())
            await self.work()

    async def leap(self, seconds: float) -> None:
        """As `until`, from one moment at which something is due to the next."""
        end = BEGIN + seconds
        await self.upkeep.look(self.clock())
        await self.work()
        while self.now < end:
            due = [await self.ledger.next_due(name) for name in self.channels]
            next_due = min((moment for moment in due if moment is not None), default=end)
            self.now = min(end, max(self.now + 0.25, next_due))
            await self.upkeep.look(self.clock())
            await self.work()

    def reborn(self, redis: Redis) -> World:
        """The process died; another takes its place on the same Redis and Kafka."""
        other = World(redis, *self.receivers.all, rules=self.receivers.inhibit_rules)
        other.now, other.sent, other.published = self.now, self.sent, self.published
        other.alerts, other.silenced = self.alerts, self.silenced
        for name, channel in self.channels.items():
            other.channels[name].answers = channel.answers
        return other

    async def rebuild(self) -> None:
        """Redis was lost, and is made anew from what Kafka holds."""
        history = Remembered(self)
        await Rebuilder(self.receivers, self.ledger, self.standings, self.mutes, history).rebuild(self.now)

    async def silence(self, *matchers: str, seconds: float = 3600.0, name: str = "s1") -> Silence:
        made = self.made_silence(*matchers, seconds=seconds, name=name)
        await self.put(made)
        return made

    def made_silence(self, *matchers: str, seconds: float, name: str) -> Silence:
        return new_silence(
            name,
            [parse_matcher(text) for text in matchers],
            starts_at=self.clock(),
            ends_at=moment(self.now + seconds),
            created_by="night desk",
            comment="known",
            now=self.clock(),
        )

    async def put(self, silence: Silence) -> None:
        if silence not in self.silenced:
            self.silenced.append(silence)
        await self.mutes.put([silence])

    def told(self, receiver: str = "t", *, taken: bool = True) -> list[tuple[float, list[tuple[str, str]]]]:
        """When, and what of."""
        return [(s.at, s.told) for s in self.sent if s.receiver == receiver and s.taken == taken]

    def outcomes(self, receiver: str = "t") -> list[tuple[str, str]]:
        return [(d.alert_id, d.outcome) for d in self.published.deliveries(receiver)]

    async def entries(self, alert_id: str, receiver: str = "t") -> list[Entry]:
        return await self.standings.entries(receiver, alert_id)


@dataclass
class Remembered:
    """What Kafka holds of a world, as `History` tells it."""

    world: World

    def commits(self) -> dict[int, int]:
        return {0: len(self.world.alerts)}

    def deliveries(self) -> Iterator[Delivery]:
        yield from self.world.published.deliveries()

    def silences(self) -> Iterator[Silence]:
        yield from self.world.silenced

    def alerts(self, commits: dict[int, int]) -> Iterator[Acknowledged]:
        for offset, (told, at) in enumerate(self.world.alerts[: commits[0]], 1):
            yield Acknowledged(Arrival(told, None, f"tocsin.alerts/0/{offset}"), at)


def rule(source: str, target: str, *equal: str) -> InhibitRule:
    """An inhibition, each side one matcher."""
    return InhibitRule((parse_matcher(source),), (parse_matcher(target),), equal)
