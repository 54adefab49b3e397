"""`tocsin patterns backtest` as a user meets it: files of annotations and of articles, a table, JSON, a page."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.unit.watch.builders import annotation, at, event
from topics.annotations import Annotation
from workers.cli import app
from workers.errors import ConfigurationError, InputError

PATTERN = """
title: Launch and <b>summit</b>
id: launch-summit
level: high
correlation: {{type: temporal, rules: [missile_launch, summit], group-by: [actor], timespan: {timespan}}}
cooldown: 0s
"""

TOLD = [
    annotation(
        "l1", at(0), event("missile_launch", "KP", sentence="The North fired <script>alert(1)</script> missiles.")
    ),
    annotation("s1", at(2), event("summit", "KP"), source="Wire"),
    annotation("l2", at(50), event("missile_launch", "RU")),
    annotation("s2", at(60), event("summit", "RU")),
    annotation("x", at(70), event("protest")),
]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "old.yaml").write_text(PATTERN.format(timespan="4h"))
    (tmp_path / "new.yaml").write_text(PATTERN.format(timespan="24h"))
    (tmp_path / "told.jsonl").write_text(lines(TOLD))
    return tmp_path


def lines(annotations: list[Annotation]) -> str:
    return "".join(one.model_dump_json() + "\n" for one in annotations)


def run(*arguments: str | Path) -> str:
    found = CliRunner().invoke(app, ["patterns", "backtest", *map(str, arguments)], catch_exceptions=False)
    assert found.exit_code == 0, found.output
    return found.stdout


def test_the_table_compares_with_another_version(files) -> None:
    shown = run(files / "new.yaml", "--from", files / "told.jsonl", "--against", files / "old.yaml")
    assert re.search(r"pattern +alerts +new +gone +same", shown)
    assert re.search(r"launch-summit +2 +1 +0 +1 ", shown)


def test_json_is_one_alert_a_line_and_a_span_cuts(files) -> None:
    told = run(files / "new.yaml", "--from", files / "told.jsonl", "--json", "--since", "2026-03-02")
    (alert,) = [json.loads(line) for line in told.splitlines()]
    assert alert["group"] == {"actor": ["RU"]}


def test_gzip_several_sources_and_lines_that_are_none(files) -> None:
    with gzip.open(files / "a.jsonl.gz", "wt") as out:
        out.write(lines(TOLD[:2]) + "{broken\n")
    (files / "b.jsonl").write_text(lines(TOLD[2:]))
    arguments = [files / "new.yaml", "--from", files / "a.jsonl.gz", "--from", files / "b.jsonl", "--json"]
    found = CliRunner().invoke(app, ["patterns", "backtest", *map(str, arguments)])
    assert found.exit_code == 1
    assert len(found.stdout.splitlines()) == 2
    assert "a.jsonl.gz:3" in found.stderr
    assert "1 malformed line" in found.stderr


def test_the_page_escapes_what_articles_say_and_needs_nothing_from_outside(files) -> None:
    page = files / "page.html"
    run(files / "new.yaml", "--from", files / "told.jsonl", "--against", files / "old.yaml", "--html", page)
    text = page.read_text()
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "Launch and &lt;b&gt;summit&lt;/b&gt;" in text
    assert not re.search(r"(?:src|href)=.https?:", text)
    assert text.count('class="new"') == 1
    assert text.count('class="same"') == 1


def test_near_misses_say_what_was_missing(files) -> None:
    shown = run(files / "old.yaml", "--from", files / "told.jsonl", "--near", "3")
    assert "near miss  launch-summit: actor RU" in shown
    assert "lacks  no summit within 4h; the nearest is 10h after" in shown


def test_articles_are_read_first(files) -> None:
    article = {
        "id": "a",
        "text": "North Korea fired a ballistic missile on Monday.",
        "published_at": "2026-03-02T08:00Z",
    }
    (files / "articles.jsonl").write_text(json.dumps(article) + "\n")
    assert re.search(r"launch-summit +0 +0 +1 ", run(files / "new.yaml", "--from", files / "articles.jsonl"))


def test_a_folder_of_annotations_and_articles(files) -> None:
    folder = files / "mixed"
    folder.mkdir()
    (folder / "a.jsonl").write_text(lines(TOLD[:3]))
    (folder / "b.txt").write_text("Nothing happened.\n")
    with gzip.open(folder / "c.jsonl.gz", "wt") as out:
        out.write(lines(TOLD[3:]))
    found = CliRunner().invoke(app, ["patterns", "backtest", str(files / "new.yaml"), "--from", str(folder), "--json"])
    assert len(found.stdout.splitlines()) == 2
    assert "6 articles" in found.stderr


def test_quick_finds_the_same_alerts_and_refuses_patterns_that_ask_for_stories(files) -> None:
    arguments = [files / "new.yaml", "--from", files / "told.jsonl", "--json"]
    quick, whole = ([json.loads(line) for line in run(*arguments, *more).splitlines()] for more in (["--quick"], []))
    assert [alert["id"] for alert in quick] == [alert["id"] for alert in whole]
    (files / "new.yaml").write_text(PATTERN.format(timespan="24h") + "corroboration: 2\n")
    with pytest.raises(InputError, match="ask for them: launch-summit"):
        run(*arguments, "--quick")


@pytest.mark.parametrize("zipped", [False, True])
def test_annotations_on_standard_input(files, zipped) -> None:
    told = lines(TOLD).encode()
    given = gzip.compress(told) if zipped else told
    arguments = ["patterns", "backtest", str(files / "new.yaml"), "--from", "-", "--json"]
    found = subprocess.run(
        [sys.executable, "-m", "workers.cli", *arguments], input=given, capture_output=True, check=True
    )
    assert len(found.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ([], InputError, "Nothing to read"),
        (["--from", "none.jsonl"], InputError, "none.jsonl"),
        (["--from", "told.jsonl", "--since", "yesterday"], InputError, "'yesterday' is no date"),
        (["broken.yaml", "--from", "told.jsonl"], ConfigurationError, "broken.yaml:1"),
    ],
)
def test_mistakes_are_told(files, monkeypatch, arguments, error, words) -> None:
    monkeypatch.chdir(files)
    (files / "broken.yaml").write_text("title: x\n")
    with pytest.raises(error, match=words):
        CliRunner().invoke(app, ["patterns", "backtest", *arguments], catch_exceptions=False)
