"""Settings: from the environment, from a running `tocsin up`, and what a wrong one says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from topics.names import TopicNames
from workers.errors import ConfigurationError
from workers.settings import Settings, load_settings, read_run_file, state_dir
from workers.watch.durations import Duration, parse_duration


def write_run_file(pid: int, **settings: str) -> None:
    state_dir().mkdir(parents=True, exist_ok=True)
    (state_dir() / "up.json").write_text(json.dumps({"pid": pid, "settings": settings}))


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_NAMESPACE", "desk")
    monkeypatch.setenv("TOCSIN_KAFKA_BOOTSTRAP_SERVERS", "k:9092")
    assert load_settings().topics.of("articles") == "desk.articles"


def test_an_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PARTITIONS", "")
    assert load_settings().partitions == 4


def test_a_wrong_setting_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PARTITIONS", "many")
    monkeypatch.setenv("TOCSIN_NAMESPACE", "Not Good")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "TOCSIN_PARTITIONS:" in caught.value.message
    assert "TOCSIN_NAMESPACE: namespace 'Not Good': use lower-case letters" in caught.value.message


def test_a_wrong_redis_address_is_not_repeated_for_it_may_hold_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_REDIS_URL", "http://:hunter2@host")
    with pytest.raises(ConfigurationError) as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)
    assert "TOCSIN_REDIS_URL: expected redis://" in str(caught.value)


def test_secrets_show_in_no_repr() -> None:
    settings = Settings(redis_url="redis://:hunter2@host:6379/0", kafka_password="hunter3")
    assert "hunter" not in repr(settings)
    assert "hunter" not in str(settings.model_dump())


def test_a_running_up_is_found_and_only_if_nothing_is_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    write_run_file(os.getpid(), kafka_bootstrap_servers="up:1", redis_url="redis://up:2/0")
    assert load_settings().require_kafka() == "up:1"
    assert load_settings(discover=False).kafka_bootstrap_servers is None
    monkeypatch.setenv("TOCSIN_KAFKA_BOOTSTRAP_SERVERS", "mine:9")
    assert load_settings().require_kafka() == "mine:9"
    assert load_settings().redis_url is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 999999999, "settings": {}}'])
def test_a_stale_or_broken_run_file_is_no_run_file(content: str) -> None:
    state_dir().mkdir(parents=True, exist_ok=True)
    (state_dir() / "up.json").write_text(content)
    assert read_run_file() == {}


def test_no_server_at_all_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="TOCSIN_KAFKA_BOOTSTRAP_SERVERS"):
        load_settings().require_kafka()
    with pytest.raises(ConfigurationError, match="TOCSIN_REDIS_URL"):
        load_settings().require_redis()


def test_a_child_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(namespace="x", redis_url="redis://:pw@h:1/0", patterns=tmp_path, metrics_port=9)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


@pytest.mark.parametrize("read", [TopicNames, parse_duration, Duration._checked])
def test_a_line_end_behind_a_name_is_no_part_of_it(read: Callable[[str], object]) -> None:
    """Python's `$` stands before it, too; in a header, a key or a topic's name it would fail much later."""
    read("1d")
    with pytest.raises(ValueError, match=r"\\n|duration"):
        read("1d\n")
