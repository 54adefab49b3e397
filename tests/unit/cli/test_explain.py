"""`tocsin patterns explain` and `tocsin patterns test --article`, as a user meets them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.unit.watch.builders import annotation, at, event
from tests.unit.watch.test_step import Heard, handled, incoming
from workers.cli import app
from workers.errors import InputError
from workers.redis_client import connect
from workers.settings import Settings
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import load_patterns
from workers.watch.step import Watch

PATTERN = """\
title: Launch and summit
id: launch-summit
rules: {launch: {type: missile_launch, min_confidence: 0.5}}
correlation: {type: temporal, rules: [launch, summit], group-by: [actor], timespan: 48h}
corroboration: 2
"""

TOLD = [
    annotation("l1", at(0), event("missile_launch", "KP", sentence="It fired one."), source="Wire"),
    annotation("l2", at(1), event("missile_launch", "KP", sentence="Seoul says so."), source="Post"),
    annotation("s1", at(4), event("summit", "KP", "RU", sentence="They met."), source="Wire"),
    annotation("s2", at(5), event("summit", "KP", "RU", sentence="They dined."), source="Post"),
    annotation("s3", at(6), event("summit", "KP", sentence="They parted."), source="Wire"),
    annotation("l3", at(7), event("missile_launch", "IR"), source="Wire"),
]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "p.yaml").write_text(PATTERN)
    (tmp_path / "told.jsonl").write_text("".join(one.model_dump_json() + "\n" for one in TOLD))
    monkeypatch.setenv("TOCSIN_PATTERNS", str(tmp_path / "p.yaml"))
    return tmp_path


@pytest.fixture
def live(files: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The same through the step, on Redis; the ids that rang."""
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_url)
    monkeypatch.setenv("TOCSIN_NAMESPACE", "t")
    return asyncio.run(lived(files, redis_url, *TOLD))


async def lived(files: Path, url: str, *told, offset: int = 0) -> list[str]:
    patterns = load_patterns([files / "p.yaml"], DEFAULT_EVENT_TYPES)
    step, heard = Watch(patterns, DEFAULT_EVENT_TYPES, connect(Settings(redis_url=url)), "t"), Heard()
    for number, one in enumerate(told, offset):
        await handled(step, heard, incoming(one, number))
    await step.stop()
    return [alert for alert, _ in heard.alerts]


def run(*arguments: str | Path) -> str:
    found = CliRunner().invoke(app, ["patterns", *map(str, arguments)], catch_exceptions=False, terminal_width=200)
    assert found.exit_code == 0, found.output
    return found.stdout


EXPECTED = [
    "state      firing",
    "pattern    launch-summit, version ",
    "asks for   temporal of launch, summit",
    "within     2d, sharing actor; cooldown 2d",
    "actor KP",
    "  window   after 2026-02-27 05:00:00Z up to 2026-03-01 05:00:00Z",
    "  2026-03-01 00:00Z  l1  Wire, story s",
    "; 5h before its end",
    "      launch (KP): “It fired one.”",
    "  2026-03-01 05:00Z  s2  Post, story s",
    "; completes the match",
    "      summit (KP, RU): “They dined.”",
    "  met      there: launch, summit",
    "  met      2 independent outlets behind launch; asked for are 2",
    "  cooldown nothing of this rang before; quiet from here until 2026-03-03 05:00Z",
    "  quieted  s3, 2026-03-01 06:00Z would have rung within it",
    "near miss  actor RU",
    "  lacks    no launch",
    "near miss  actor IR",
]


def test_why_it_rang_is_told_of_what_the_steps_hold_and_of_an_archive_alike(files, live) -> None:
    (alert,) = live
    for shown in (run("explain", alert), run("explain", alert[:8], "--from", files / "told.jsonl")):
        for words in EXPECTED:
            assert words in shown


def test_why_a_pattern_did_not_ring(files, live) -> None:
    for shown in (run("explain", "launch-summit"), run("explain", "launch-summit", "--from", files / "told.jsonl")):
        assert "actor IR" in shown
        assert "lacks    no summit" in shown
        assert "1 independent outlets behind launch; asked for are 2" in shown
        assert "actor KP" not in shown


def test_why_it_no_longer_rings(files, live, redis_url) -> None:
    (alert,) = live
    nothing = [annotation(name, at(0), revision=2) for name in ("l1", "l2")]
    asyncio.run(lived(files, redis_url, *nothing, offset=10))
    shown = run("explain", alert)
    assert "state      retracted" in shown
    assert "not now    now it lacks: no launch" in shown


def test_a_pattern_that_has_changed_or_is_gone(files, live) -> None:
    (alert,) = live
    (files / "p.yaml").write_text(PATTERN.replace("48h", "1h"))
    shown = run("explain", alert)
    assert "when it rang" in shown
    assert "not now    the pattern has changed since" in shown
    (files / "p.yaml").write_text(PATTERN.replace("launch-summit", "another"))
    assert "not in force any more" in run("explain", alert)


def test_an_absence_says_what_opened_its_window(files) -> None:
    (files / "p.yaml").write_text(
        PATTERN.replace("48h}", "2h, condition: launch and not summit}").replace("corroboration: 2\n", "")
    )
    told = CliRunner().invoke(app, ["patterns", "backtest", "--from", str(files / "told.jsonl"), "--json"]).stdout
    alert = json.loads(told.splitlines()[0])["id"]
    shown = run("explain", alert, "--from", files / "told.jsonl")
    assert "  window   from 2026-03-01 00:00:00Z until before 2026-03-01 02:00:00Z" in shown
    assert "; opens the window" in shown
    assert "  met      there: launch; nothing of: summit" in shown


def test_an_id_that_nobody_knows_and_one_that_is_too_short(files) -> None:
    found = CliRunner().invoke(app, ["patterns", "explain", "ffff", "--from", str(files / "told.jsonl")])
    assert (found.exit_code, "No alert is known" in found.stderr) == (1, True)
    (files / "p.yaml").write_text(PATTERN.replace("corroboration: 2", "cooldown: 0s"))
    with pytest.raises(InputError, match="alerts begin with"):
        run("explain", "", "--from", files / "told.jsonl")


def test_an_article_is_read_and_every_rule_says_what_it_makes_of_it(files) -> None:
    (files / "a.json").write_text(
        json.dumps({"text": "North Korea will fire a ballistic missile on Friday. Its leader met the president of "
                            "Vietnam for a summit.", "source": "Wire"})
    )  # fmt: skip
    shown = run("test", files / "p.yaml", "--article", files / "a.json", "--at", "2026-03-04T09:00Z")
    assert shown.startswith("2026-03-04 09:00Z")
    assert "1. missile_launch (future, " in shown
    assert "lacks  launch: event 1: status is future; asked for is actual" in shown
    assert "takes  summit: event 2" in shown
    assert "does not ring  launch-summit" in shown
    assert "actor VN: no launch" in shown


def test_two_articles_that_ring_together(files) -> None:
    (files / "p.yaml").write_text(PATTERN.replace("corroboration: 2\n", ""))
    (files / "a.txt").write_text("North Korea fired a ballistic missile on Monday.\n")
    (files / "b.txt").write_text("North Korea's leader met the president of Vietnam for a summit.\n")
    shown = run(
        "test", files / "p.yaml", "--article", files / "a.txt", "--article", files / "b.txt", "--at", "2026-03-04"
    )
    assert "rings  launch-summit: actor KP" in shown


@pytest.mark.parametrize(("name", "content"), [("a.json", "{"), ("a.txt", " "), ("none.txt", None)])
def test_an_article_that_is_none(files, name, content) -> None:
    if content is not None:
        (files / name).write_text(content)
    with pytest.raises(InputError, match=name):
        run("test", files / "p.yaml", "--article", files / name)
