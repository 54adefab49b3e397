"""What steps are given, when waiting for them is hopeless, and that ending ends all of them."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.errors import ConfigurationError, TocsinError
from workers.local import stack as module
from workers.local.demo import SECRET_VARIABLE, demo_settings
from workers.local.processes import Child, ChildSpec
from workers.local.progress import Progress
from workers.local.replay import replay_settings
from workers.local.stack import EMBEDDED_BROKER, Stack, local_stack, metrics_ports, step_spec
from workers.settings import Settings, examples_dir


def test_a_step_sees_our_settings_and_not_those_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_KAFKA_PASSWORD", "foreign")
    monkeypatch.setenv("tocsin_metrics_port", "9")
    monkeypatch.setenv(SECRET_VARIABLE, "a receiver's")
    seen = step_spec("watch", Settings.model_construct(namespace="n"), tmp_path / "r", log_format="json", restart=False)
    found = seen.environment()
    assert found["TOCSIN_NAMESPACE"] == "n"
    assert not {"TOCSIN_KAFKA_PASSWORD", "tocsin_metrics_port", "TOCSIN_METRICS_PORT"} & set(found)
    assert found[SECRET_VARIABLE] == "a receiver's"
    assert "PATH" in found


def test_the_embedded_broker_knows_no_passwords() -> None:
    foreign = Settings(
        kafka_security_protocol="SASL_SSL", kafka_sasl_mechanism="PLAIN", kafka_username="u", kafka_password="p",
        kafka_ca_file=Path("ca.pem"), replication_factor=3,
    )  # fmt: skip
    own = foreign.with_changes(**EMBEDDED_BROKER)
    assert own.kafka_security_protocol == "PLAINTEXT"
    assert own.kafka_sasl_mechanism is own.kafka_username is own.kafka_password is own.kafka_ca_file is None
    assert own.replication_factor == 1


def test_each_step_has_a_port_for_its_metrics() -> None:
    steps = ("annotate", "watch", "notify")
    assert metrics_ports(Settings(metrics_port=9100), steps) == {"annotate": 9100, "watch": 9101, "notify": 9102}
    assert metrics_ports(Settings(metrics_port=0), steps) == {"annotate": 0, "watch": 0, "notify": 0}
    assert metrics_ports(Settings(), steps) == {}
    with pytest.raises(ConfigurationError, match="65534"):
        metrics_ports(Settings(metrics_port=65534), steps)


def test_replay_and_demo_take_no_port_and_the_demo_nothing_that_changes_what_rings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"METRICS_PORT": "9", "MODEL": "none", "ONTOLOGY": "x.yaml", "PATTERNS": "y",
                        "LOG_LEVEL": "debug", "KAFKA_BOOTSTRAP_SERVERS": "k:1"}.items():  # fmt: skip
        monkeypatch.setenv(f"TOCSIN_{name}", value)
    assert replay_settings(Settings(), tmp_path).metrics_port is None
    own = demo_settings(Settings())
    assert own.metrics_port is own.ontology is own.kafka_bootstrap_servers is None
    assert own.model == Settings.model_fields["model"].default
    assert own.patterns_path == examples_dir() / "patterns"
    assert own.log_level == "debug"


class Meter:
    """A step that never gets on."""

    def __init__(self, *_: object) -> None:
        self.closed = False

    async def measure_all(self) -> list[Progress]:
        return [Progress("watch", 10, 4)]

    def close(self) -> None:
        self.closed = True


async def test_waiting_for_a_step_that_ends_again_and_again_ends_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ProgressMeter", Meter)
    monkeypatch.setattr(Child, "RESTART_FIRST_SECONDS", 0.02)
    argv = [sys.executable, "-c", "print('the reason'); raise SystemExit(6)"]
    child = Child(ChildSpec("watch", argv, restart=True), lambda *_: None)
    await child.start()
    async with asyncio.timeout(60):
        with pytest.raises(TocsinError, match=r"watch step ends again and again.*4 of 10(.|\n)*the reason"):
            await Stack(Settings(), ["watch"], {"watch": child}).wait_until_idle()
    await child.stop(1)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Child]]:
    """Steps that are deaf to SIGTERM instead of the real ones, and no servers."""
    started: list[Child] = []

    async def start(stack: Stack, _folder: Path, sink: module.LineSink, **_: object) -> None:
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(600)"
        for name in stack.steps:
            child = stack.children[name] = Child(ChildSpec(name, [sys.executable, "-u", "-c", code]), sink)
            started.append(child)
            await child.start()
        while not all(child.last_lines for child in started):
            await asyncio.sleep(0.02)

    async def no_servers(*_: object) -> None:
        return

    monkeypatch.setattr(module, "_start_servers", no_servers)
    monkeypatch.setattr(module, "_start_steps", start)
    monkeypatch.setattr(module, "ensure_topics", lambda *_: None)
    yield started
    for child in started:
        child.kill()


async def test_the_second_cancellation_kills_and_still_waits_and_cleans_up(steps: list[Child]) -> None:
    states: list[list[int | None]] = []
    ready = asyncio.Event()

    async def clean_up(stack: Stack) -> None:
        await asyncio.sleep(0.1)
        states.append([child.exit_code for child in stack.children.values()])

    async def serve() -> None:
        async with local_stack(Settings(), steps=("annotate", "watch"), sink=lambda *_: None, clean_up=clean_up):
            ready.set()
            await asyncio.sleep(600)

    task = asyncio.create_task(serve())
    await ready.wait()
    task.cancel()
    await asyncio.sleep(0.3)
    assert [child.exit_code for child in steps] == [None, None], "they are deaf, and have their time to end"
    async with asyncio.timeout(10):
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0.05)
        with pytest.raises(asyncio.CancelledError):
            await task
    assert states == [[-signal.SIGKILL, -signal.SIGKILL]]
