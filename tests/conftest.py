"""Fixtures for all tests: a clean environment, and real servers by name. The servers themselves are in tests/rig."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.rig.broker import BrokerServer, embedded_broker
from tests.rig.http_receiver import HttpReceiver, http_receiver
from tests.rig.kafka import KafkaServer, real_kafka
from tests.rig.redis import RedisServer, real_redis
from workers.settings import ENV_PREFIX

_TERMINAL = ("FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "GITHUB_ACTIONS", "COLUMNS", "NO_COLOR")
"""Rich and Typer look at these; a test that wants one sets it."""


def _strip_environment() -> None:
    for name in list(os.environ):
        if name.startswith(ENV_PREFIX) or name in _TERMINAL:
            del os.environ[name]


def pytest_configure() -> None:
    """A developer's shell must not change what the tests see, not even while modules are imported.

    A run in the background (`make test &`) ignores SIGINT, and so would every command that a test interrupts.
    """
    _strip_environment()
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes go by their place: what is in them may hang on the hour (gzip writes it), and processes compare names."""
    return argname if isinstance(val, bytes) else None


# A loaded machine is slow; that is no property of what is tested.
hypothesis.settings.register_profile("tocsin", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None)
hypothesis.settings.load_profile("tocsin")


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts without settings and with a state folder of its own."""
    _strip_environment()
    monkeypatch.setenv("TOCSIN_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """One Redis for the whole run. A test that kills or fills its Redis starts one of its own with `real_redis()`."""
    with real_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """The address of an empty Redis."""
    redis_server.flush()
    return redis_server.url


@pytest.fixture(scope="session")
def broker() -> Iterator[BrokerServer]:
    """One embedded broker for the whole run: choose a namespace of your own. `broker.bootstrap` is its address."""
    with embedded_broker() as server:
        yield server


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """One real Apache Kafka for the whole run, for tests/integration and tests/faults: it takes seconds to start."""
    with real_kafka() as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    """A receiver of notifications that records what comes and answers as programmed."""
    with http_receiver() as server:
        yield server
