"""When a receiver as a whole is unwell: rate, circuit, 410, and who is told of it."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.unit.notify.samples import (
    FakeChannel,
    Published,
    Start,
    hook,
    incoming,
    make_alert,
    make_evidence,
    until,
)
from topics.alerts import Alert
from topics.codec import encode
from topics.rejects import Reject
from workers.notify.about_receiver import Undelivered, undelivered_reject
from workers.notify.circuit import Circuit, after
from workers.notify.keys import Keys
from workers.notify.lane import utc_now
from workers.notify.routing import STANDBY, Receivers
from workers.notify.standing import Standings
from workers.notify.targets import RECEIVER_PATTERN, RetryPolicy, SlackReceiver, TerminalReceiver
from workers.notify.verdicts import Attempt, Verdict
from workers.redis_client import Redis

GIVES_UP = RetryPolicy(first=0.01, longest=0.02, attempts=3)


class TestCircuit:
    policy = RetryPolicy(first=1.0, longest=60.0, give_up_after=3600.0, circuit_after=3)

    def after(self, failures: int, verdict: Verdict = "retry", asked: float | None = None) -> Circuit:
        return after(failures, verdict, policy=self.policy, now=1000.0, asked=asked, chance=random.Random(1))

    def test_it_opens_after_failures_in_a_row(self) -> None:
        assert self.after(0) == Circuit(1)
        assert self.after(1) == Circuit(2)
        opened = self.after(2)
        assert opened.failures == 3
        assert 1002 <= opened.open_until <= 1004

    def test_pauses_double_up_to_the_longest(self) -> None:
        assert 1004 <= self.after(3).open_until <= 1008
        assert 1030 <= self.after(50).open_until <= 1060
        assert 1030 <= self.after(5000).open_until <= 1060

    @pytest.mark.parametrize("verdict", ["delivered", "permanent", "gone"])
    def test_any_answer_closes_it(self, verdict: Verdict) -> None:
        assert self.after(50, verdict) == Circuit()

    def test_what_a_receiver_asks_for_holds_for_all_its_messages(self) -> None:
        assert self.after(0, asked=30.0) == Circuit(1, 1030.0)
        assert self.after(50, asked=900.0).open_until == 1900.0

    def test_but_not_for_ever(self) -> None:
        assert self.after(0, asked=1e12).open_until == 4600.0


async def test_slack_gets_one_message_a_second_whoever_sends(start: Start) -> None:
    channels = [FakeChannel(), FakeChannel()]
    times: list[float] = []
    one = TerminalReceiver(name="t", interval=0.2)
    steps = []
    for channel in channels:
        send = channel.send

        async def timed(message: Any, at: datetime, send: Any = send) -> Attempt:
            times.append(time.monotonic())
            return await send(message, at)

        channel.send = timed  # type: ignore[method-assign]  # only its time is of interest
        steps.append((await start(one, channel=lambda _, channel=channel: channel))[0])
    await steps[0].handle(incoming(*(make_alert(f"al{n}") for n in range(5))))
    await until(lambda: len(times) == 5)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) > 0.17
    assert max(gaps) < 0.6
    assert SlackReceiver(name="s", url="https://hooks.example/x").interval == 1.0  # type: ignore[arg-type]  # pydantic checks it


async def test_after_failures_in_a_row_one_message_at_a_time_tries(start: Start, receiver: HttpReceiver) -> None:
    receiver.always(503)
    retry = RetryPolicy(first=0.05, longest=0.4, circuit_after=3)
    step, published = await start(hook(receiver, retry=retry))
    await step.handle(incoming(*(make_alert(f"al{n}") for n in range(30))))
    await asyncio.sleep(1.5)
    tries = len(receiver.requests)
    assert 4 <= tries <= 12, "30 alerts would have made hundreds of requests without a circuit"
    receiver.always(200)
    await until(lambda: published.outcomes().count("delivered") == 30)


async def test_a_receiver_that_asks_for_a_pause_is_left_alone_by_all(start: Start, receiver: HttpReceiver) -> None:
    receiver.answer(Answer(429, headers={"Retry-After": "1"}))
    step, published = await start(hook(receiver))
    await step.handle(incoming(*(make_alert(f"al{n}") for n in range(3))))
    await until(lambda: published.outcomes().count("delivered") == 3)
    first, *later = receiver.requests
    assert all((one.at - first.at).total_seconds() >= 1.0 for one in later)


async def test_who_asks_for_more_than_the_schedule_gets_a_last_try_at_its_end(
    start: Start, receiver: HttpReceiver
) -> None:
    receiver.always(Answer(429, headers={"Retry-After": "999999999"}))
    step, published = await start(hook(receiver, retry=RetryPolicy(give_up_after=0.6)))
    await step.handle(incoming(make_alert()))
    await until(lambda: "failed" in published.outcomes())
    first, last = receiver.requests
    assert 0.5 < (last.at - first.at).total_seconds() < 1.5


async def test_a_date_to_wait_for_is_kept_too(start: Start, receiver: HttpReceiver) -> None:
    moment = (utc_now() + timedelta(seconds=2)).replace(microsecond=0)
    receiver.answer(Answer(503, headers={"Retry-After": moment.strftime("%a, %d %b %Y %H:%M:%S GMT")}))
    step, _ = await start(hook(receiver))
    await step.handle(incoming(make_alert()))
    _, second = await asyncio.to_thread(receiver.wait_for, 2)
    assert 0 <= (second.at - moment).total_seconds() < 1.0


def about(published: Published) -> list[Alert]:
    return [alert for alert in published.of_kind("alerts") if isinstance(alert, Alert)]


class TestGone:
    async def test_what_comes_waits_until_somebody_enables_it(
        self, start: Start, redis: Redis, receiver: HttpReceiver
    ) -> None:
        receiver.always(410)
        step, published = await start(hook(receiver), TerminalReceiver(name="other"))
        await step.handle(incoming(make_alert()))
        await until(published.deliveries)
        await step.handle(incoming(make_alert("al2")))
        await asyncio.sleep(0.2)
        assert len(receiver.requests) == 1
        standings = Standings(redis, Keys("tocsin"))
        standing = await standings.of("ops")
        assert standing.disabled is not None
        assert standing.disabled.reason == "answered 410 Gone"
        assert standing.parked == 2
        await until(lambda: about(published))
        (told,) = about(published)
        assert (told.title, told.state, told.group) == ("Receiver ops is disabled", "firing", {"receiver": ("ops",)})
        assert "tocsin notify enable ops" in (told.description or "")
        receiver.always(200)
        assert await standings.enable("ops") is not None
        await until(lambda: published.outcomes("ops").count("delivered") == 2)
        await until(lambda: [a.state for a in about(published)] == ["firing", "retracted"])
        assert await standings.enable("ops") is None

    async def test_a_new_configuration_enables_it_and_the_same_does_not(
        self, start: Start, redis: Redis, receiver: HttpReceiver
    ) -> None:
        receiver.always(410, path="/old")
        step, published = await start(hook(receiver, "/old"))
        await step.handle(incoming(make_alert()))
        await until(published.deliveries)
        await step.stop()
        same, _ = await start(hook(receiver, "/old"))
        await asyncio.sleep(0.2)
        assert len(receiver.requests_to("/old")) == 1
        await same.stop()
        _, published = await start(hook(receiver, "/new"))
        await until(lambda: "delivered" in published.outcomes())
        assert len(receiver.requests_to("/new")) == 1

    async def test_at_the_end_of_its_schedule_what_waited_is_rejected(
        self, start: Start, receiver: HttpReceiver
    ) -> None:
        receiver.always(410)
        step, published = await start(hook(receiver, retry=RetryPolicy(give_up_after=0.5)))
        await step.handle(incoming(make_alert(), make_alert("al2")))
        await until(lambda: published.outcomes().count("failed") == 2)
        reasons = {d.alert_id: d.reason for d in published.deliveries() if d.outcome == "failed"}
        assert reasons["al1"] == (
            "its schedule ended while the receiver was left alone; the last attempt: answered 410 Gone"
        )
        assert len(receiver.requests) == 1
        await until(lambda: len(published.of_kind("rejects")) == 2)


class TestGivenUp:
    async def test_the_alert_is_kept_on_rejects_and_the_others_are_told(self, start: Start) -> None:
        bad, good = FakeChannel(answers=[Attempt("retry", "no answer")] * 9), FakeChannel()
        step, published = await start(
            TerminalReceiver(name="bad", retry=GIVES_UP),
            TerminalReceiver(name="good", min_level="critical"),
            channel=lambda receiver: bad if receiver.name == "bad" else good,
        )
        alert = make_alert(title="Ü" * 10)
        await step.handle(incoming(alert, offset=7))
        await until(lambda: about(published))
        (reject,) = published.of_kind("rejects")
        assert isinstance(reject, Reject)
        assert (reject.step, reject.topic, reject.partition, reject.offset) == ("notify", "tocsin.alerts", 0, 7)
        assert (reject.error, reject.attempts) == ("not-delivered", 3)
        assert reject.reason == "receiver bad: not delivered after 3 attempts: no answer"
        assert Alert.model_validate_json(reject.original() or b"") == alert
        (told,) = about(published)
        assert (told.pattern_id, told.level, told.title) == (
            RECEIVER_PATTERN,
            "high",
            "Receiver bad does not take alerts",
        )
        await step.handle(incoming(told))  # as it comes back from Kafka
        await until(lambda: good.sent)
        assert [m.alert.id for m in good.sent] == [told.id], "whatever it wants otherwise"
        assert all(m.alert.id == "al1" for m in bad.sent), "not to itself"

    async def test_once_until_it_takes_alerts_again(self, start: Start) -> None:
        answers: list[Attempt | BaseException] = [Attempt("permanent", "no")] * 3
        bad = FakeChannel(answers=[*answers, Attempt("delivered"), Attempt("permanent", "no")])
        step, published = await start(
            TerminalReceiver(name="bad"), TerminalReceiver(name="good"),
            channel=lambda receiver: bad if receiver.name == "bad" else FakeChannel(),
        )  # fmt: skip
        for n in range(5):
            await step.handle(incoming(make_alert(f"al{n}")))
            await until(lambda n=n: len(published.outcomes("bad")) == n + 1)
        await until(lambda: len(about(published)) == 3)
        first, end, second = about(published)
        assert [(a.state, a.id == first.id) for a in (first, end, second)] == [
            ("firing", True), ("retracted", True), ("firing", False),
        ]  # fmt: skip
        assert end.sequence > first.sequence
        assert end.description == "Receiver bad takes alerts again."
        assert len(published.of_kind("rejects")) == 4

    async def test_never_in_a_loop(self, start: Start) -> None:
        """Two receivers that both fail, and hear of each other."""
        step, published = await start(
            TerminalReceiver(name="a", retry=GIVES_UP), TerminalReceiver(name="b", retry=GIVES_UP),
            channel=lambda _: FakeChannel(answers=[Attempt("retry", "no")] * 500),
        )  # fmt: skip
        await step.handle(incoming(make_alert()))
        seen: set[str] = set()
        for _ in range(20):
            await asyncio.sleep(0.05)
            fresh = [alert for alert in about(published) if alert.id not in seen]
            seen |= {alert.id for alert in fresh}
            await step.handle(incoming(*fresh))
        assert len(seen) == 2, "one about each"
        assert len(published.of_kind("rejects")) == 4

    async def test_without_another_receiver_the_terminal_is_told(self, start: Start) -> None:
        bad, standby = FakeChannel(answers=[Attempt("permanent", "no")]), FakeChannel()
        step, published = await start(
            TerminalReceiver(name="bad"), channel=lambda r: standby if r.name == STANDBY.name else bad
        )
        await step.handle(incoming(make_alert()))
        await until(lambda: about(published))
        await step.handle(incoming(*about(published)))
        await until(lambda: standby.sent)
        assert standby.sent[0].alert.title == "Receiver bad does not take alerts"


def test_an_alert_of_any_size_fits_its_reject() -> None:
    large = make_alert(evidence=tuple(make_evidence("word " * 20_000, article_id=f"a{n}") for n in range(8)))
    reject = undelivered_reject(Undelivered(large, "r", "no", 1, "t/0/1"), utc_now())
    assert reject.truncated
    assert reject.value_bytes > 800_000
    encode(reject)


def test_routing_by_level_tags_and_pattern() -> None:
    receivers = Receivers(
        (
            TerminalReceiver(name="all"),
            TerminalReceiver(name="high", min_level="high"),
            TerminalReceiver(name="war", tags=("war", "asia")),
            TerminalReceiver(name="launches", patterns=("launch-*", "quake")),
            TerminalReceiver(name="both", tags=("war",), patterns=("launch-*",)),
        )
    )

    def names(**fields: Any) -> str:
        return " ".join(r.name for r in receivers.route(make_alert(**fields)).receivers)

    assert names(level="low", pattern_id="x") == "all"
    assert names(level="critical", pattern_id="x", tags=("asia",)) == "all high war"
    assert names(level="low", pattern_id="launch-plus", tags=("war",)) == "all war launches both"
    assert names(level="low", pattern_id="quake") == "all launches"


def test_a_fingerprint_changes_with_any_setting_and_shows_none(receiver: HttpReceiver) -> None:
    one = hook(receiver)
    prints = {
        one.fingerprint(),
        hook(receiver, "/else").fingerprint(),
        hook(receiver, timeout=3.0).fingerprint(),
        hook(receiver, secrets=()).fingerprint(),
        hook(receiver, retry=GIVES_UP).fingerprint(),
    }
    assert len(prints) == 5
    assert hook(receiver).fingerprint() == one.fingerprint()
    assert one.url.get_secret_value() not in one.fingerprint()
