"""`tocsin silences` and `tocsin alerts show`, on a real broker and a real Redis."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path

import pytest
import redis.asyncio as aioredis
import typer
from typer.testing import CliRunner, Result

from tests.rig.broker import BrokerServer
from tests.unit.notify.samples import FakeChannel, Published, incoming, make_alert
from topics.names import FLOW
from workers.cli import alerts, silences
from workers.kafka_client import ensure_topics
from workers.notify.history import KafkaHistory
from workers.notify.keys import Keys
from workers.notify.mute_store import MuteStore
from workers.notify.routing import Receivers
from workers.notify.step import Notify
from workers.notify.targets import TerminalReceiver
from workers.settings import Settings, load_settings


def run(*arguments: str) -> Result:
    app = typer.Typer()
    silences.register(app)
    alerts.register(app)
    return CliRunner().invoke(app, list(arguments), catch_exceptions=True)


@pytest.fixture
def settings(redis_url: str, broker: BrokerServer, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_url)
    monkeypatch.setenv("TOCSIN_KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap)
    monkeypatch.setenv("TOCSIN_NAMESPACE", f"s{uuid.uuid4().hex[:10]}")
    monkeypatch.setenv("TOCSIN_PARTITIONS", "2")
    monkeypatch.setenv("COLUMNS", "250")
    return load_settings()


def test_made_listed_shown_and_expired(settings: Settings) -> None:
    made = run("silences", "add", "actor=XN", "level!=critical", "--for", "1h30m", "-c", "drill until 4", "--by", "ana")
    assert made.exit_code == 0, made.output
    name = made.stdout.strip()
    assert "no alert that stands now matches." in made.stderr
    listed = run("silences", "list").stdout
    assert all(word in listed for word in (name, "active", "actor=XN level!=critical", "ana", "drill until 4"))
    shown = run("silences", "show", name).stdout
    assert "  created by  ana\n  comment     drill until 4\n" in shown
    ended = run("silences", "expire", name)
    assert (ended.exit_code, ended.stderr) == (0, f"Silence {name} has ended.\n")
    assert run("silences", "list").stderr == "Nothing is silenced.\n"
    assert "expired" in run("silences", "list", "--expired").stdout
    again = run("silences", "expire", name, "nobody")
    assert again.exit_code == 1
    assert "There is no silence nobody." in again.stderr
    assert f"Silence {name} has ended already, at " in again.stderr
    assert run("silences", "show", "nobody").exit_code == 1


def test_a_lost_redis_learns_them_from_kafka(settings: Settings, redis_url: str) -> None:
    kept = run("silences", "add", "actor=XN", "--for", "2h", "-c", "why", "--json")
    gone = run("silences", "add", "actor=ZZ", "--for", "2h", "-c", "why").stdout.strip()
    run("silences", "expire", gone)

    ensure_topics(settings, FLOW)  # as the step's command does before it starts

    async def lose_and_learn() -> list[str]:
        client = aioredis.Redis.from_url(redis_url, decode_responses=True)
        await client.flushall()
        step = Notify(
            Receivers((TerminalReceiver(name="t"),)), client, namespace=settings.namespace,
            history=KafkaHistory(settings), channel=lambda _: FakeChannel(),
        )  # fmt: skip
        await step.start(Published())
        await step.stop()
        found = await MuteStore(client, Keys(settings.namespace)).silences()
        await client.aclose()
        return [one.model_dump_json() for one in found if one.id != gone]

    assert asyncio.run(lose_and_learn()) == [kept.stdout.strip()]
    assert gone in run("silences", "list", "--expired").stdout
    assert gone not in run("silences", "list").stdout


def test_what_is_muted_is_shown_with_its_reason(settings: Settings, redis_url: str) -> None:
    name = run("silences", "add", "actor=XN", "--for", "2h", "-c", "a drill", "--by", "ana").stdout.strip()

    async def park() -> None:
        client = aioredis.Redis.from_url(redis_url, decode_responses=True)
        receivers = Receivers((TerminalReceiver(name="t"),))
        step = Notify(receivers, client, namespace=settings.namespace, poll_seconds=0.02)
        await step.start(Published())
        await step.handle(incoming(make_alert("al1")))
        while not await client.hgetall(Keys(settings.namespace).muted("t")):
            await asyncio.sleep(0.02)
        await step.stop()
        await client.aclose()

    asyncio.run(park())
    shown = run("alerts", "show", "al1").stdout
    assert "muted" in shown
    assert "by ana: a drill" in shown
    told = json.loads(run("alerts", "show", "al1", "--json").stdout)
    assert [(d["receiver"], d["outcome"], d["muted_by"]) for d in told["deliveries"]] == [
        ("t", "muted", f"silence:{name}")
    ]
    assert "holds back from t: al1" in run("silences", "show", name).stdout
    assert "1 alert that stands now matches." in run("silences", "add", "actor=XN", "--for", "1h", "-c", "x").stderr
    assert run("alerts", "show", "nothing").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["actor=XN", "--for", "2x", "-c", "x"], "'2x' is no duration; expected such as 90s, 30m, 2h, 1h30m, 3d or 2w"),
        (["actor=XN", "--for", "0h", "-c", "x"], "expected more than nothing"),
        (["actor=XN", "--until", "2020-01-01", "-c", "x"], "it would end at 2020-01-01 00:00:00Z, before it begins"),
        (["actor=XN", "-c", "x"], "expected one of --for and --until"),
        (["actor=XN", "--for", "2h", "--until", "2030-01-01", "-c", "x"], "expected one of --for and --until"),
        (["actor=XN", "--for", "2h"], "Missing option '--comment'"),
        (["actor=XN", "--for", "2h", "-c", ""], "comment: expected a word or more"),
        (["aktor=XN", "--for", "2h", "-c", "x"], "did you mean 'actor'?"),
        (["actor!=XN", "--for", "2h", "-c", "x"], "at least one matcher must ask for a value"),
        (["actor", "--for", "2h", "-c", "x"], "'actor' is no matcher"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(arguments: list[str], message: str) -> None:
    result = run("silences", "add", *arguments)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_a_time_that_is_none_is_refused() -> None:
    result = run("silences", "add", "actor=XN", "--until", "tomorrow", "-c", "x")
    assert "--until: 'tomorrow' is no date." in str(result.exception)


def test_without_servers_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOCSIN_REDIS_URL", "redis://127.0.0.1:1/0")
    result = run("silences", "list")
    assert "Redis at" in str(result.exception)
