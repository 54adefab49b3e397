"""From produce to the webhook: annotations that ring, among others at half the sustainable load. Watch and notify are
processes of their own; the time is this machine's, from just before `produce` to the arrival of the request.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import Producer

from tests.benchmarks.watch import samples, servers
from tests.benchmarks.watch.servers import Rig
from tests.rig.http_receiver import HttpReceiver, http_receiver
from topics.alerts import Alert

PATTERN = """\
title: Everything that is marked
id: marked
rules: {x: {type: protest, actor: ["organisation:marked"]}}
correlation: {type: event_count, rules: [x], group-by: [article], timespan: 1h, condition: {gte: 1}}
cooldown: 0s
"""
RECEIVERS = """\
receivers:
  - {{name: bench, type: webhook, url: "{url}", secret_env: TOCSIN_BENCH_SECRET, allow_private: true}}
"""
EVERY = 10
"""One annotation in so many rings."""


def measure(seconds: float, broker: str, rate: float) -> int:
    """Print p50, p95 and p99 at `rate` annotations a second over so many `seconds`, and where the time goes."""
    sample = samples.read_sample()
    number = int(seconds * rate)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        receiver = stack.enter_context(http_receiver())
        (folder / "p.yaml").write_text(PATTERN)
        (folder / "r.yaml").write_text(RECEIVERS.format(url=f"{receiver.url}/hook"))
        rig = stack.enter_context(servers.rig(broker, folder, patterns=folder / "p.yaml", receivers=folder / "r.yaml"))
        log = folder / "log"
        for step in ("watch", "notify"):
            ready = folder / f"{step}.ready"
            secret = {"TOCSIN_BENCH_SECRET": "whsec_" + "A" * 32, "TOCSIN_READY_FILE": str(ready)}
            stack.enter_context(servers.process(servers.worker(step), {**rig.settings.environment(), **secret}, log))
            servers.wait_until(ready.exists, log)
        lines = samples.stretched(sample, number + int(rate * 5))
        _send(rig, lines[number:], rate)  # the first seconds are those of a cold start
        wanted = len(lines[number:]) // EVERY + (len(lines[number:]) % EVERY > 0)
        servers.wait_until(lambda: len(receiver.requests) >= wanted, log)
        sent = _send(rig, lines[:number], rate)
        servers.wait_until(lambda: len(receiver.requests) >= wanted + len(sent), log)
        _tell(receiver, sent, rig, rate)
    return 0


def _send(rig: Rig, lines: Sequence[bytes], rate: float) -> dict[str, float]:
    """Produce at an even rate; when each of those was sent that rings, by article id."""
    producer = Producer({"bootstrap.servers": rig.bootstrap, "linger.ms": 0})
    topic = rig.settings.topics.of("annotations")
    sent: dict[str, float] = {}
    started = time.perf_counter()
    for number, line in enumerate(lines):
        told = json.loads(line)
        now = datetime.now(UTC).isoformat()
        told["published_at"] = told["event_time"] = told["fetched_at"] = now
        if number % EVERY == 0:
            told["article_id"] += f"-{time.monotonic_ns()}"
            told["events"] = [_marked()]
        time.sleep(max(0.0, started + number / rate - time.perf_counter()))
        if number % EVERY == 0:
            sent[told["article_id"]] = time.time()
        producer.produce(topic, json.dumps(told).encode(), key=told["article_id"].encode())
        producer.poll(0)
    producer.flush()
    return sent


def _marked() -> dict[str, object]:
    span = {"part": "text", "start": 0, "end": 7, "text": "protest"}
    actor = [{**span, "id": "organisation:marked"}]
    return {"type": "protest", "status": "actual", "trigger": span, "sentence": span, "actor": actor, "confidence": 0.9}


def _tell(receiver: HttpReceiver, sent: dict[str, float], rig: Rig, rate: float) -> None:
    whole, found = [], []
    for request in receiver.requests:
        alert = Alert.model_validate(_alert_in(json.loads(request.body)))
        (article,) = alert.group["article"]
        if article in sent:
            whole.append(request.at.timestamp() - sent[article])
            found.append(alert.fired_at.timestamp() - sent[article])
    told = [end - start for end, start in zip(whole, found, strict=True)]
    within = rig.settings.batch_within
    print(f"{len(whole):,} alerts among {rate:,.0f} annotations/s; a batch waits up to {within * 1000:.0f} ms to fill")
    print(f"{'ms':34} {'p50':>8} {'p95':>8} {'p99':>8} {'longest':>8}")
    for name, times in (
        ("produce to found by watch", found),
        ("found to webhook", told),
        ("produce to webhook", whole),
    ):
        cuts = [_at(sorted(times), share) * 1000 for share in (0.5, 0.95, 0.99, 1.0)]
        print(f"{name:34} " + " ".join(f"{cut:8,.0f}" for cut in cuts))


def _alert_in(payload: dict[str, object]) -> object:
    data = payload.get("data", payload)
    return data.get("alert", data) if isinstance(data, dict) else data


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
