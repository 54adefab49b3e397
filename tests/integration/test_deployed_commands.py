"""The services of docker-compose.yml without Docker: their commands and settings on a real Kafka and a real Redis.

What the file names is used as it stands; only addresses and ports are those of the test's servers.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.rig.kafka import KafkaServer
from tests.rig.ports import free_port
from tests.unit.deploy.test_compose import OURS, SERVICES, STEPS, seconds, settings_of
from tests.unit.deploy.test_image import DOCKER, all_of

CHECKOUT = Path(__file__).resolve().parents[2]
READY_SECONDS = 120.0

NEWS = {
    "id": "launch-and-summit",
    "title": "North Korea fires missile hours before summit",
    "text": "North Korea fired a ballistic missile into the sea on Monday. "
    "Hours later Kim Jong Un met President Vladimir Putin of Russia at a summit in Vladivostok.",
    "source": "Harbour Wire",
    "published_at": "2026-03-02T09:00:00Z",
}


class Deployment:
    """Every service's environment, and the processes that were started from it."""

    def __init__(self, kafka: KafkaServer, redis_url: str, folder: Path) -> None:
        self._folder = folder
        self._ports = {step: free_port() for step in STEPS}
        self._addresses = {
            "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
            "TOCSIN_REDIS_URL": redis_url,
            "TOCSIN_NAMESPACE": f"deployed-{secrets.token_hex(3)}",
            "TOCSIN_STATE_DIR": str(folder),
        }
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def environment(self, service: str) -> dict[str, str]:
        """As in the container: the image's, then the service's."""
        image = dict(pair.split("=", 1) for rest in all_of("ENV") for pair in rest.split())
        image.pop("PATH")
        port = {"TOCSIN_METRICS_PORT": str(self._ports[service])} if service in self._ports else {}
        return {**os.environ, **image, **settings_of(service), **self._addresses, **port}

    def run(self, service: str, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a service's command, or another as `docker compose run` does, to its end."""
        words = command or tuple(SERVICES[service]["command"])
        return subprocess.run(
            [sys.executable, "-m", "workers.cli", *words],
            env=self.environment(service),
            cwd=self._folder,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def start(self, service: str) -> None:
        """Start a lasting service; its output goes to a file."""
        with self.log(service).open("wb") as log:
            self.running[service] = subprocess.Popen(
                [sys.executable, "-m", "workers.cli", *SERVICES[service]["command"]],
                env=self.environment(service),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def log(self, service: str) -> Path:
        return self._folder / f"{service}.log"

    def healthy(self, service: str) -> bool:
        """What the image's health check says."""
        check = [sys.executable, str(DOCKER / "healthcheck.py")]
        return subprocess.run(check, env=self.environment(service), capture_output=True, check=False).returncode == 0

    def wait_until_healthy(self, service: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.healthy(service):
            process = self.running[service]
            assert process.poll() is None, (
                f"{service} ended with {process.returncode}:\n{self.log(service).read_text()}"
            )
            assert time.monotonic() < deadline, f"{service} is not ready:\n{self.log(service).read_text()}"
            time.sleep(0.2)

    def scrape(self, service: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._ports[service]}/metrics", timeout=20) as answer:
            text: str = answer.read().decode()
        return text

    def lines(self, service: str) -> Iterator[Mapping[str, object]]:
        """The service's log, which must be JSON as compose asks for it; alerts on standard output are left out."""
        for line in self.log(service).read_text("utf-8").splitlines():
            if line.startswith("{"):
                yield json.loads(line)


@pytest.fixture
def deployed(kafka: KafkaServer, redis_url: str, tmp_path: Path) -> Iterator[Deployment]:
    deployment = Deployment(kafka, redis_url, tmp_path)
    try:
        yield deployment
    finally:
        for process in deployment.running.values():
            process.kill()
            process.wait()


def test_the_services_of_compose_start_are_healthy_work_and_stop_in_time(deployed: Deployment) -> None:
    assert set(OURS) == {"topics", "cli", *STEPS}
    for _ in range(2):  # `docker compose up` a second time must find nothing to complain of
        made = deployed.run("topics")
        assert made.returncode == 0, made.stderr
    for step in STEPS:
        deployed.start(step)
    for step in STEPS:
        deployed.wait_until_healthy(step)

    examined = deployed.run("cli")
    assert examined.returncode == 0, examined.stdout + examined.stderr
    produced = deployed.run("cli", "produce", "-", stdin=json.dumps(NEWS) + "\n")
    assert produced.returncode == 0, produced.stderr

    deadline = time.monotonic() + 60
    while "tocsin_alerts_total{" not in deployed.scrape("watch") and time.monotonic() < deadline:
        time.sleep(0.2)
    listed = deployed.run("cli", "alerts", "list", "--json")
    alerts = [json.loads(line) for line in listed.stdout.splitlines()]
    assert {"launch-and-summit-in-one-article"} <= {alert["pattern_id"] for alert in alerts}, listed.stderr
    for step in STEPS:
        text = deployed.scrape(step)
        if step == "feeds":
            assert 'tocsin_feeds{standing="ok"} 0.0' in text
        else:
            assert f'tocsin_records_in_total{{step="{step}"' in text
        assert "tocsin_rejects_total{" not in text

    for step in STEPS:
        started = time.monotonic()
        process = deployed.running[step]
        process.send_signal(signal.SIGTERM)
        assert process.wait(seconds(SERVICES[step]["stop_grace_period"])) == 0, deployed.log(step).read_text()
        assert time.monotonic() - started < seconds(SERVICES[step]["stop_grace_period"])
        assert any(line.get("event") == "step.stopped" and line["step"] == step for line in deployed.lines(step))


def test_a_step_whose_servers_are_gone_is_unhealthy_and_ends_for_its_supervisor(
    deployed: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(deployed._addresses, "TOCSIN_KAFKA_BOOTSTRAP_SERVERS", f"127.0.0.1:{free_port()}")
    deployed.start("watch")
    assert not deployed.healthy("watch")
    assert deployed.running["watch"].wait(120) != 0
    assert "Kafka" in deployed.log("watch").read_text()
