"""Random streams of alerts that fire, grow and are taken back, under silences that come and go, receivers that fail,
processes that die at any round trip to Redis, and a Redis that is lost: each is told or its mute is recorded, once.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Literal, get_args

import pytest
import redis.asyncio as aioredis

from tests.unit.notify.samples import make_alert
from tests.unit.notify.simulated import BEGIN, PLAIN, World, grouped, moment, rule
from tests.unit.watch.dying_redis import DyingRedis, Fuse, ProcessDied
from topics.alerts import Alert
from workers.notify.silences import SilenceError, expired
from workers.notify.targets import Grouping, TerminalReceiver
from workers.notify.verdicts import Attempt

STANDS = timedelta(seconds=4000)
RECEIVERS: dict[str, TerminalReceiver] = {
    "plain": PLAIN,
    "updates": replace(PLAIN, grouping=Grouping(updates=True, interval=120.0)),
    "repeats": replace(PLAIN, grouping=Grouping(repeat=900.0, closings=True, interval=120.0)),
    "groups": grouped("actor", interval=120.0, updates=True),
    "one group": grouped(urgent_from="critical", interval=120.0, repeat=1500.0),
    "program": replace(PLAIN, every_change=True, grouping=Grouping(updates=True, interval=60.0)),
}
Action = tuple[str, Any, Any]


def story(seed: int, size: int) -> list[Action]:
    """Things that happen, most of them changes of alerts; a seed chooses, so that streams are full of life."""
    chance = random.Random(seed)
    kinds = chance.choices(["change", "silence", "unsilence", "pass", "fail"], weights=[50, 6, 4, 20, 20], k=size)
    made: Mapping[str, Callable[[], Action]] = {
        "change": lambda: ("change", chance.choice("abcdef"), chance.choice(["grows", "ends", "grows"])),
        "silence": lambda: (
            "silence", chance.choice(["alert=a", "actor=XN", "level=high", "actor=ZZ"]), chance.choice([90, 700, 5000]),
        ),
        "unsilence": lambda: ("unsilence", chance.randrange(4), None),
        "pass": lambda: ("pass", chance.choice([1, 20, 45, 200, 1000]), None),
        "fail": lambda: ("fail", chance.choice(["retry", "retry", "retry", "permanent"]), chance.randint(1, 3)),
    }  # fmt: skip
    return [made[kind]() for kind in kinds]


@dataclass
class Teller:
    """Alerts as the watch step tells them: what fires may grow or end, what ended may fire again."""

    stands: dict[str, Alert] = field(default_factory=dict)
    count: int = 0

    def change(self, name: str, how: str, now: float) -> Alert:
        self.count += 1
        known, sequence = self.stands.get(name), int((now - BEGIN) * 1000) + self.count
        fresh: dict[str, Any] = {"fired_at": moment(now), "closes_at": moment(now) + STANDS}
        if known is None or known.state == "retracted":
            level = {"a": "critical", "b": "high"}.get(name, "medium")
            actor = ("XN", "ZZ") if name == "c" else ("XN",) if name in "abef" else ("ZZ",)
            alert = make_alert(name, level=level, group={"actor": actor}, sequence=sequence if known else 0, **fresh)
        elif how == "grows":
            alert = known.model_copy(
                update={"state": "updated", "sequence": sequence, "updated_at": moment(now),
                        "closes_at": moment(now) + STANDS}
            )  # fmt: skip
        else:
            alert = known.model_copy(update={"state": "retracted", "sequence": sequence})
        self.stands[name] = alert.model_copy(update={"state": "firing"}) if alert.state == "updated" else alert
        return alert


@dataclass
class Lives:
    """A world whose processes die: each lives for so many round trips; the last one for ever."""

    url: str
    receiver: TerminalReceiver
    lives: list[int]
    world: World = field(init=False)
    fuse: Fuse = field(init=False)
    deaths: int = 0

    async def begin(self) -> None:
        client = self._client()
        inhibits = [rule("level=critical", "level=high", "actor")]
        self.world = World(client, self.receiver, rules=inhibits)

    def _client(self) -> DyingRedis:
        self.fuse = Fuse(self.lives.pop(0) if self.lives else None)
        return DyingRedis.at(self.url, self.fuse)

    async def do(self, what: str, *given: Any) -> None:
        """Until it is done, by whichever process."""
        while True:
            try:
                return await getattr(self.world, what)(*given)
            except ProcessDied:
                self.deaths += 1
                await self.world.redis.connection_pool.disconnect()
                self.world = self.world.reborn(self._client())
                self.world.now += 16  # until the lease of what it held has ended


async def play(lives: Lives, actions: list[Action], lose_at: int | None = None) -> World:
    """All actions, then time enough for every schedule."""
    teller, made = Teller(), 0
    for place, (kind, one, other) in enumerate(actions):
        world = lives.world
        if place == lose_at:
            await world.redis.flushall()
            await world.rebuild()
        if kind == "change":
            await lives.do("take", teller.change(one, other, world.now))
        elif kind == "silence":
            made += 1
            silence = world.made_silence(one, seconds=other, name=f"s{made}")
            await lives.do("put", silence)
        elif kind == "unsilence" and one < len(world.silenced):
            try:
                await lives.do("put", expired(world.silenced[one], world.clock()))
            except SilenceError:
                continue
        elif kind == "pass":
            await lives.do("leap", world.now - BEGIN + one)
        elif kind == "fail":
            world.channels["t"].answers += [Attempt(one, "no")] * (other if one == "retry" else 1)
    lives.world.channels["t"].answers.clear()
    await lives.do("leap", lives.world.now - BEGIN + 9000)
    lives.fuse.left = None
    return lives.world


async def check(world: World, *, deaths: int) -> None:
    """What must hold of every stream."""
    contents: dict[str, set[tuple[tuple[str, int], ...]]] = defaultdict(set)
    names: dict[tuple[str, int], set[str]] = defaultdict(set)
    taken: dict[tuple[str, int], int] = defaultdict(int)
    for sent in world.sent:
        contents[sent.id].add(sent.changes)
        for change in sent.changes:
            names[change].add(sent.id)
            taken[change] += sent.taken
    assert all(len(found) == 1 for found in contents.values()), "one id, one content"
    assert all(len(found) == 1 for found in names.values()), "one change, one id"
    if not deaths:
        assert all(number <= 1 for number in taken.values()), "told once"

    records = world.published.deliveries("t")
    recorded = {(d.alert_id, d.alert_sequence, d.outcome) for d in records}
    mutes = {(d.alert_id, d.alert_sequence, d.muted_by, d.attempted_at) for d in records if d.outcome == "muted"}
    by_silence = [mute[:3] for mute in mutes if (mute[2] or "").startswith("silence:")]
    assert len(by_silence) == len(set(by_silence)), "a silence is recorded once for a change"
    assert all(d.reason for d in records if d.outcome in ("muted", "suppressed", "failed"))
    came = {(alert.id, alert.sequence) for alert, _ in world.alerts}
    for name in "abcdef":
        for entry in await world.entries(name):
            assert entry.outcome != "pending", (name, entry)
            if (name, entry.task.sequence) in came:
                came.discard((name, entry.task.sequence))
                assert (name, entry.task.sequence, entry.outcome) in recorded, (name, entry)
    assert not came, "each change came to an end"
    await _last_words(world)


async def _last_words(world: World) -> None:
    """Who was told of a firing was told of its end; what stood long enough was told, or why not is recorded."""
    last = {alert.id: alert for alert, _ in world.alerts}
    for name, alert in last.items():
        heard = [state for sent in world.sent if sent.taken for one, state in sent.told if one == name]
        told = [state for state in heard if state != "expired"]
        outcomes = {entry.task.sequence: entry.outcome for entry in await world.entries(name)}
        if "failed" in outcomes.values():
            continue
        if alert.state == "retracted":
            assert not told or told[-1] == "retracted", (name, told)
        else:
            causes = {entry.cause for entry in await world.entries(name)}
            assert (told and told[-1] != "retracted") or "closed" in causes, (name, told, causes)


Mode = Literal["calm", "dies", "lost"]


async def live(url: str, name: str, mode: Mode, seed: int) -> World:
    """One stream to one receiver: as it is, with deaths, or with the loss of Redis in its middle."""
    client = aioredis.Redis.from_url(url)
    await client.flushall()
    await client.aclose()
    chance = random.Random(seed)
    actions = story(seed, chance.randint(15, 40))
    deaths = [chance.randint(1, 200) for _ in range(chance.randint(1, 12))] if mode == "dies" else []
    lives = Lives(url, RECEIVERS[name], deaths)
    await lives.begin()
    try:
        world = await play(lives, actions, lose_at=chance.randrange(len(actions)) if mode == "lost" else None)
        await check(world, deaths=lives.deaths)
    finally:
        lives.fuse.left = None
        await lives.world.redis.connection_pool.disconnect()
    return world


MODES: tuple[Mode, ...] = get_args(Mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", RECEIVERS)
async def test_each_is_told_or_its_mute_is_recorded(redis_url: str, name: str, mode: Mode) -> None:
    for seed in range(2):
        await live(redis_url, name, mode, seed)


@pytest.mark.heavy
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", RECEIVERS)
async def test_many_streams(redis_url: str, name: str, mode: Mode) -> None:
    """`pytest -s` shows how much happened."""
    alerts = sends = 0
    for seed in range(1000, 1040):
        world = await live(redis_url, name, mode, seed)
        alerts, sends = alerts + len(world.alerts), sends + len(world.sent)
    print(f"\n{name}, {mode}: 40 streams, {alerts} changes of alerts, {sends} attempts")
