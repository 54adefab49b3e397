"""`python -m tests.benchmarks.replay ARCHIVE…`: replay beside `tocsin annotate` alone, and run against run.

Speed: articles a second from the first article sent until the last alert was decided, against reading alone in this
run, alternating. Sameness: alerts and all rolling counts of a calm run against a second one, one that is killed again
and again, and ones over other numbers of partitions. Servers are started here; they are not part of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import psutil
import redis

from tests.rig.broker import embedded_broker
from tests.rig.kafka import real_kafka
from tests.rig.redis import real_redis
from topics.articles import Article
from workers.archives.readers import Malformed, read_paths
from workers.redis_keys import Keys

PATTERNS = Path(__file__).with_name("patterns.yaml")
KINDS = ("entity", "event", "pair")


@dataclass(frozen=True)
class Came:
    """What a run came to."""

    alerts: frozenset[tuple[str, str, str, int]]
    counts: tuple[tuple[tuple[str, int], ...], ...]
    stories: frozenset[tuple[str, int, int]]
    rate: float


class Bench:
    """An archive, servers, and a folder."""

    def __init__(self, archive: Path, folder: Path, environment: dict[str, str]) -> None:
        self.archive, self.folder, self.environment = archive, folder, environment
        self.redis = redis.Redis.from_url(environment["TOCSIN_REDIS_URL"], decode_responses=True)

    def tocsin(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            self.command(*arguments), env={**self.environment, **more}, text=True, capture_output=True, check=False
        )

    @staticmethod
    def command(*arguments: str) -> list[str]:
        return [sys.executable, "-m", "workers.cli", *arguments]

    def read_alone(self) -> float:
        """Articles a second of `tocsin annotate`, its start-up taken off."""
        empty = self.folder / "one.jsonl"
        empty.write_text('{"text": "Nothing happened."}\n', "utf-8")
        start = self._timed("annotate", str(empty))
        whole = self._timed("annotate", str(self.archive))
        return self.articles / (whole - start)

    def _timed(self, *arguments: str) -> float:
        begun = time.monotonic()
        subprocess.run(self.command(*arguments), env=self.environment, stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begun

    @property
    def articles(self) -> int:
        return sum(1 for line in self.archive.open(encoding="utf-8") if line.strip())

    def replay(self, *, workers: int = 1, partitions: int = 4, kills: int = 0) -> Came:
        """One named run; `kills` times it and all its steps are killed on the way."""
        name, report = f"b{secrets.token_hex(3)}", self.folder / "report.json"
        arguments = ["replay", str(self.archive), "--patterns", str(PATTERNS), "--name", name, "--keep", "--json",
                     "--workers", str(workers), "--report", str(report)]  # fmt: skip
        own = {"TOCSIN_PARTITIONS": str(partitions), "TOCSIN_STATE_DIR": str(self.folder / "state")}
        killed = self._kill(arguments, own, name, kills)
        done = self.tocsin(*arguments, **own)
        if done.returncode:
            raise SystemExit(done.stderr)
        if killed < kills:
            print(f"  (only {killed} of {kills} kills: the run was faster)")
        found = json.loads(report.read_text("utf-8"))
        newest = max(alert["last_event_at"] for alert in found["alerts"]) if found["alerts"] else found["last_hour"]
        counts = tuple(self._counts(kind, found["last_hour"], f"replay-{name}") for kind in KINDS)
        self.tocsin("replay", "--drop", "--name", name, **own)
        firing = [alert for alert in found["alerts"] if alert["state"] == "firing" and newest]
        return Came(
            frozenset((a["id"], a["window"]["start"], a["last_event_at"], a["counts"]["articles"]) for a in firing),
            counts,
            frozenset((a["id"], a["counts"]["stories"], a["counts"]["sources"]) for a in firing),
            found["articles_per_second"],
        )

    def _kill(self, arguments: list[str], own: dict[str, str], name: str, kills: int) -> int:
        """Kill a run and all its steps at moments that lie anywhere on its way; how often that came off."""
        chance = random.Random(5)
        moments = sorted(int(chance.uniform(0.02, 0.95) * self.articles) for _ in range(kills))
        for killed, moment in enumerate(moments):
            with subprocess.Popen(
                self.command(*arguments), env={**self.environment, **own}, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                while self._done(name) < moment:
                    if process.poll() is not None:
                        return killed
                    time.sleep(0.02)
                for one in [*psutil.Process(process.pid).children(recursive=True), process]:
                    one.send_signal(signal.SIGKILL)
        return kills

    def _done(self, name: str) -> int:
        """Articles of a run of which the last step is done."""
        keys = Keys(f"replay-{name}")
        known = self.redis.smembers(keys.partitions)
        return sum(int(self.redis.hget(keys.counts(int(number)).meta, "done") or 0) for number in known)

    def _counts(self, kind: str, at: str, namespace: str) -> tuple[tuple[str, int], ...]:
        done = self.tocsin("counts", "top", "--kind", kind, "--window", "7d", "--at", at, "--limit", "100000",
                           "--json", TOCSIN_NAMESPACE=namespace)  # fmt: skip
        return tuple((row["id"], row["count"]) for row in json.loads(done.stdout)["counts"])


def cut(paths: list[str], limit: int | None, folder: Path) -> Path:
    """The archive as one plain file."""
    path = folder / "archive.jsonl"
    articles = (one for one in read_paths(paths) if not isinstance(one, Malformed))
    with path.open("w", encoding="utf-8") as file:
        for one in islice(articles, limit):
            file.write(_line(one) + "\n")
    return path


def _line(article: Article) -> str:
    return article.model_dump_json(include={"id", "url", "title", "text", "published_at", "source", "lang", "tags"})


def speed(bench: Bench, rounds: int, workers: list[int]) -> None:
    """Ratios of replay to reading alone."""
    ratios: dict[int, list[float]] = {number: [] for number in workers}
    alone = []
    for _ in range(rounds):
        alone.append(bench.read_alone())
        for number in workers:
            ratios[number].append(bench.replay(workers=number).rate / alone[-1])
    print(f"tocsin annotate alone: {statistics.median(alone):.1f} articles/s (median of {rounds})")
    for number, found in ratios.items():
        print(f"replay, {number} worker(s): {min(found):.2f} / {statistics.median(found):.2f} / {max(found):.2f} of it "
              "(min, median, max)")  # fmt: skip


def sameness(bench: Bench, kills: int) -> bool:
    """Whether every way comes to the same."""
    calm = bench.replay()
    print(f"calm run: {len(calm.alerts)} alerts; {sum(map(len, calm.counts)):,} counted ids")
    same = True
    others = [("second run", {}), (f"killed {kills} times", {"kills": kills})]
    others += [("two workers", {"workers": 2}), ("1 partition", {"partitions": 1}), ("7 partitions", {"partitions": 7})]
    for name, way in others:
        other = bench.replay(**way)
        alerts, counts = len(calm.alerts ^ other.alerts), calm.counts == other.counts
        stories = len(calm.stories ^ other.stories)
        print(f"{name}: {alerts} alerts differ; counts {'equal' if counts else 'DIFFER'}; story numbers of "
              f"{stories} alerts differ")  # fmt: skip
        same &= not alerts and counts
    return same


def main() -> int:
    """Run it. The exit code is 1 if two runs came to different alerts or counts."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.replay", description=__doc__)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--kafka", action="store_true", help="Apache Kafka instead of the embedded broker")
    parser.add_argument("--only", choices=["speed", "sameness"])
    chosen = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-bench-")))
        broker = stack.enter_context(real_kafka() if chosen.kafka else embedded_broker())
        server = stack.enter_context(real_redis())
        environment = {**os.environ, "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap, "TOCSIN_REDIS_URL": server.url,
                       "TOCSIN_KAFKA_SESSION_TIMEOUT": "6", "OPENBLAS_NUM_THREADS": "1",
                       "OMP_NUM_THREADS": "1"}  # fmt: skip
        bench = Bench(cut(chosen.paths, chosen.limit, folder), folder, environment)
        print(f"{bench.articles:,} articles; {'Apache Kafka' if chosen.kafka else 'embedded broker'}")
        if chosen.only != "sameness":
            speed(bench, chosen.rounds, chosen.workers)
        return 0 if chosen.only == "speed" or sameness(bench, chosen.kills) else 1


if __name__ == "__main__":
    sys.exit(main())
