"""`tocsin patterns`, `tocsin counts` and `tocsin alerts`: what goes where, and with which exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.unit.watch.builders import at, temporal
from tests.unit.watch.test_step import LAUNCH, SUMMIT, Heard, handled, incoming, watch
from topics.alerts import Alert
from workers.cli import app
from workers.errors import InputError, Unreachable
from workers.redis_client import connect
from workers.settings import Settings, examples_dir

PATTERN = """\
title: Launch and summit
id: launch-summit
correlation: {type: temporal, rules: [missile_launch, summit], group-by: [actor], timespan: 48h}
tests:
  - name: rings
    events:
      - {at: 2026-03-01T23:50Z, type: missile_launch, actor: [KP]}
      - {at: 2026-03-02T00:10Z, type: summit, actor: [KP, RU]}
    expect: [{actor: KP, evidence: 2}]
"""
RUN = CliRunner()


@pytest.fixture
def patterns(tmp_path: Path) -> Path:
    (tmp_path / "p.yaml").write_text(PATTERN)
    return tmp_path / "p.yaml"


@pytest.fixture
def stored(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two articles counted and one alert stored in the namespace `t`."""

    async def store() -> None:
        step, heard = watch(connect(Settings(redis_url=redis_url)), temporal()), Heard()
        await handled(step, heard, incoming(LAUNCH, 0), incoming(SUMMIT, 1))
        await step.stop()

    asyncio.run(store())
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_url)
    monkeypatch.setenv("TOCSIN_NAMESPACE", "t")


def test_sound_patterns(patterns) -> None:
    result = RUN.invoke(app, ["patterns", "check", str(patterns)])
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "1 sound pattern in 1 file, no mistake.\n"


def test_mistakes_go_to_standard_output_line_by_line(patterns) -> None:
    patterns.write_text(PATTERN.replace("48h", "forever") + "x: 1\n")
    result = RUN.invoke(app, ["patterns", "check", str(patterns)])
    assert result.exit_code == 3
    assert [line.split(":")[1:3] for line in result.stdout.splitlines()] == [["3", "93"], ["10", "1"]]
    assert result.stderr == "0 sound patterns in 1 file, 2 mistakes.\n"


def test_the_example_patterns_are_sound_and_pass_their_tests() -> None:
    folder = str(examples_dir() / "patterns")
    assert RUN.invoke(app, ["patterns", "check", folder]).exit_code == 0
    result = RUN.invoke(app, ["patterns", "test", folder])
    assert (result.exit_code, "FAIL" in result.stdout) == (0, False)
    assert RUN.invoke(app, ["patterns", "check"]).exit_code == 0, "the examples are the patterns in force by default"


def test_a_failing_test_says_what_was_expected_and_what_rang(patterns) -> None:
    patterns.write_text(PATTERN.replace("{actor: KP, evidence: 2}", "{actor: RU}"))
    result = RUN.invoke(app, ["patterns", "test", str(patterns)])
    assert result.exit_code == 1
    rang = "{actor: [KP], evidence: 2, articles: 2, stories: 2, sources: 0, at: 2026-03-02T00:10:00Z}"
    assert result.stdout.splitlines() == [
        "FAIL  launch-summit: rings",
        "      expected, did not ring: {actor: [RU]}",
        f"      rang, not expected:     {rang}",
    ]
    assert result.stderr == "0 of 1 test passed.\n"


def test_no_tests_are_no_success(patterns) -> None:
    patterns.write_text(PATTERN.partition("tests:")[0])
    result = RUN.invoke(app, ["patterns", "test", str(patterns)])
    assert (result.exit_code, result.stderr) == (1, "without tests: launch-summit\n0 of 0 tests passed.\n")


def test_a_path_that_is_none(tmp_path) -> None:
    result = RUN.invoke(app, ["patterns", "check", str(tmp_path / "none")])
    assert isinstance(result.exception, InputError)


@pytest.mark.usefixtures("stored")
def test_counts_as_json() -> None:
    result = RUN.invoke(app, ["counts", "top", "--kind", "pair", "--at", "2026-03-01T05:00Z", "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert json.loads(result.stdout) == {
        "kind": "pair",
        "by": "articles",
        "window": "24h",
        "at": "2026-03-01T05:00:00+00:00",
        "counts": [
            {"id": "missile_launch:KP", "count": 1},
            {"id": "summit:KP", "count": 1},
            {"id": "summit:RU", "count": 1},
        ],
    }


@pytest.mark.usefixtures("stored")
def test_counts_as_a_table_end_with_the_newest_article_of_an_archive(monkeypatch) -> None:
    monkeypatch.setenv("TOCSIN_CLOCK", "archive")
    result = RUN.invoke(app, ["counts", "top", "--limit", "1"])
    assert result.exit_code == 0
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert lines == ["entity, 24h to 2026-03-01 05:00Z", "articles  entity", "2  KP"]


@pytest.mark.usefixtures("stored")
def test_empty_counts_say_when_there_was_something() -> None:
    result = RUN.invoke(app, ["counts", "top"])
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.endswith("The newest article counted is of 2026-03-01T05:00Z: try --at 2026-03-01T05:00Z\n")


def test_counts_before_anything_was_counted(redis_url, monkeypatch) -> None:
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_url)
    result = RUN.invoke(app, ["counts", "top", "--json"])
    assert json.loads(result.stdout)["counts"] == []
    assert "Nothing has been counted yet" in result.stderr


@pytest.mark.usefixtures("stored")
def test_a_time_that_is_none() -> None:
    assert isinstance(RUN.invoke(app, ["counts", "top", "--at", "yesterday"]).exception, InputError)


def test_a_redis_that_does_not_answer(monkeypatch) -> None:
    monkeypatch.setenv("TOCSIN_REDIS_URL", "redis://:secret@127.0.0.1:1/0")
    for command in (["counts", "top"], ["alerts", "list"]):
        error = RUN.invoke(app, command).exception
        assert isinstance(error, Unreachable)
        assert "127.0.0.1:1" in str(error)
        assert "secret" not in str(error)


@pytest.mark.usefixtures("stored")
def test_alerts_as_json_and_as_a_table() -> None:
    result = RUN.invoke(app, ["alerts", "list", "--json"])
    (line,) = result.stdout.splitlines()
    alert = Alert.model_validate_json(line)
    assert (alert.pattern_id, alert.last_event_at, len(alert.evidence)) == ("p", at(5), 2)
    table = RUN.invoke(app, ["alerts", "list", "--pattern", "p"], env={"COLUMNS": "140"}).stdout
    assert alert.id in table
    assert "actor KP" in table
    narrow = RUN.invoke(app, ["alerts", "list"], env={"COLUMNS": "80"}).stdout.splitlines()
    assert len(narrow) == 3
    assert narrow[0].endswith(alert.title)
    assert "actor KP" in narrow[1]
    assert narrow[2].strip() == alert.id


@pytest.mark.usefixtures("stored")
def test_no_alerts_of_a_pattern() -> None:
    result = RUN.invoke(app, ["alerts", "list", "--pattern", "other"])
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "No alert is stored for other.\n")
