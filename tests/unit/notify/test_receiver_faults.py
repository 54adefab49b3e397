"""Every fault of a receiver at once, over real sockets, beside a healthy one: attempts, times, ids, and the healthy
one's latency with and without them. `pytest -s` shows the table.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass
from datetime import timedelta

import redis.asyncio as aioredis
from pydantic import SecretStr

from tests.rig.http_receiver import Answer, HttpReceiver
from tests.rig.http_server import Received
from tests.rig.ports import LOOPBACK, free_port
from tests.unit.notify.samples import Published, hook, incoming, make_alert, until
from workers.notify.routing import Receivers
from workers.notify.step import Notify
from workers.notify.targets import Receiver, RetryPolicy

FAULTS: dict[str, tuple[Answer | int, ...]] = {
    "500-500-500-200": (500, 500, 500),
    "429-retry-after-3": (Answer(429, headers={"Retry-After": "3"}),),
    "hang-once": (Answer(fault="hang"),),
    "reset-once": (Answer(fault="reset"),),
    "half-an-answer": (Answer(500, b"x", fault="half"),),
    "301-to-loopback": (Answer(301, headers={"Location": f"http://{LOOPBACK}/inside"}),) * 9,
    "410": (410,) * 9,
}
RETRY = RetryPolicy(first=0.2, longest=1.0, give_up_after=60.0)
TIMEOUT = 1.0
ALERTS = 40
EVERY = 0.1


@dataclass
class Run:
    """What came of one run. `latency`: seconds from `handle` to the request at the healthy receiver, by alert."""

    latency: list[float]
    published: Published


async def run(redis_url: str, server: HttpReceiver, bad: list[Receiver]) -> Run:
    """The step with the healthy receiver and `bad`; an alert every EVERY seconds, and time for the last tries."""
    client = aioredis.Redis.from_url(redis_url, decode_responses=True)
    await client.flushall()
    server.forget()
    healthy = hook(server, "/healthy", name="healthy")
    step = Notify(Receivers((healthy, *bad)), client, namespace="tocsin", poll_seconds=0.5, drain_seconds=3)
    published = Published()
    await step.start(published)
    began: dict[str, float] = {}
    for n in range(ALERTS):
        began[f"al{n}"] = time.time()
        # The faults are about the first alert; the healthy and the dead receiver get them all.
        await step.handle(incoming(make_alert(f"al{n}", tags=() if n else ("first",)), offset=n))
        await asyncio.sleep(EVERY)
    await until(lambda: len(server.requests_to("/healthy")) == ALERTS)
    expected = [one.name for one in bad if one.name not in {"dead", "410"}]
    await until(lambda: all({"delivered", "failed"} & set(published.outcomes(name)) for name in expected), 20)
    await step.stop()
    await client.aclose()
    latency = [r.at.timestamp() - began[r.json()["data"]["id"]] for r in server.requests_to("/healthy")]
    return Run(latency, published)


def row(name: str, requests: tuple[Received, ...], published: Published) -> str:
    """One line of the table."""
    first = requests[0].at if requests else None
    times = " ".join(f"{(r.at - first).total_seconds():.2f}" for r in requests) if first else ""
    outcomes = [f"{d.outcome}{f' {d.status_code}' if d.status_code else ''}" for d in published.deliveries(name)]
    ids = {r.header("webhook-id") for r in requests}
    shown = ", ".join(outcomes[:5]) + (f", … ({len(outcomes)})" if len(outcomes) > 5 else "")
    return f"| {name} | {len(requests)} | {times or '-'} | {', '.join(sorted(ids)) or '-'} | {shown} |"


def waited(published: Published, name: str) -> list[float]:
    """Seconds from the end of each attempt that failed to the next one."""
    return [
        (d.next_attempt_at - d.attempted_at).total_seconds() - (d.latency_ms or 0) / 1000
        for d in published.deliveries(name)
        if d.next_attempt_at is not None
    ]


async def test_the_table_of_faults(redis_url: str, receiver: HttpReceiver) -> None:
    bad: list[Receiver] = [
        hook(receiver, f"/{name}", name=name, retry=RETRY, timeout=TIMEOUT, tags=("first",)) for name in FAULTS
    ]
    dead = SecretStr(f"http://{LOOPBACK}:{free_port()}/")
    bad.append(hook(receiver, name="dead", url=dead, retry=RETRY, timeout=TIMEOUT))
    alone = await run(redis_url, receiver, [])
    for name, answers in FAULTS.items():
        receiver.answer(*answers, path=f"/{name}")
    beside = await run(redis_url, receiver, bad)

    print("\n| receiver | requests | seconds since the first | webhook-id | outcomes |\n|---|---|---|---|---|")
    at = {name: receiver.requests_to(f"/{name}") for name in FAULTS}
    for name, requests in at.items():
        print(row(name, requests, beside.published))
    print(row("dead", (), beside.published))
    for what, found in (("alone", alone), ("beside the others", beside)):
        p50, worst = statistics.median(found.latency) * 1000, max(found.latency) * 1000
        print(f"healthy {what}: {len(found.latency)} alerts, p50 {p50:.1f} ms, longest {worst:.1f} ms")
    p50s = [statistics.median(found.latency) for found in (alone, beside)]
    print(f"healthy beside the others / alone, same run: p50 ratio {p50s[1] / p50s[0]:.2f}")

    assert {name: len(r) for name, r in at.items()} == {
        "500-500-500-200": 4, "429-retry-after-3": 2, "hang-once": 2, "reset-once": 2, "half-an-answer": 2,
        "301-to-loopback": 1, "410": 1,
    }  # fmt: skip
    # How long was waited is the sender's to say: from arrival to arrival it hangs on the machine's load.
    waits = {name: waited(beside.published, name) for name in FAULTS}
    assert all(wait < 1.0 for wait in waits["500-500-500-200"])
    assert 3.0 <= waits["429-retry-after-3"][0] < 4.0
    (hung,) = [d.latency_ms for d in beside.published.deliveries("hang-once") if d.outcome == "retrying"]
    assert hung is not None
    assert hung >= TIMEOUT * 1000
    for name, requests in at.items():
        assert {r.header("webhook-id") for r in requests} == {"alert_al0_firing"}, name
        assert len({r.body for r in requests}) == 1, name
    ends = {name: beside.published.outcomes(name)[-1] for name in FAULTS}
    assert ends == dict.fromkeys(FAULTS, "delivered") | {"301-to-loopback": "failed", "410": "retrying"}
    assert not receiver.requests_to("/inside")
    assert set(beside.published.outcomes("dead")) == {"retrying"}
    assert beside.published.outcomes("healthy") == ["delivered"] * ALERTS
    # Behind the one that hangs, or the dead one's ten attempts, it would have waited for more than this.
    assert statistics.median(beside.latency) < TIMEOUT / 2
    began = at["hang-once"][0].at
    assert any(began < r.at < began + timedelta(seconds=TIMEOUT) for r in receiver.requests_to("/healthy"))
