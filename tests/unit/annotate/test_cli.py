"""`tocsin annotate`: the contract that other programs call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from workers.cli.annotate import register


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    for name in ("TOCSIN_ONTOLOGY", "TOCSIN_MODEL"):
        monkeypatch.delenv(name, raising=False)
    made = typer.Typer()
    register(made)

    @made.command()
    def other() -> None:
        """Keeps `annotate` a command of its own."""

    return made


def line(**fields: object) -> str:
    return json.dumps(fields)


def test_lines_come_back_in_order_with_their_ids_and_bad_ones_are_named(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    good = line(id="one", text="Iran fired a missile on Monday.", published_at="2024-05-15T00:00:00Z", title="News")
    path.write_text(f"{good}\nnot json\n{line(title='no text')}\n{line(id='two', text='Rain fell.')}\n", "utf-8")
    result = CliRunner().invoke(app, ["annotate", str(path)])
    found = [json.loads(text) for text in result.stdout.splitlines()]
    assert [annotation["article_id"] for annotation in found] == ["one", "two"]
    assert found[0]["events"][0]["type"] == "missile_launch"
    assert {"id", "kind", "name", "mentions"} <= set(found[0]["entities"][0])
    assert result.exit_code == 1
    assert f"{path}:2:" in result.stderr
    assert f"{path}:3:" in result.stderr
    assert "2 lines could not be used" in result.stderr


def test_standard_input_and_text_files_are_read(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "story.txt"
    path.write_text("Poland expelled two Russian diplomats on Monday.\n", "utf-8")
    from_file = CliRunner().invoke(app, ["annotate", str(path)])
    assert from_file.exit_code == 0
    assert json.loads(from_file.stdout)["events"][0]["type"] == "relations_cut"
    piped = CliRunner().invoke(app, ["annotate", "-"], input=line(text="Rain fell.") + "\n")
    assert piped.exit_code == 0
    assert json.loads(piped.stdout)["events"] == []


def test_an_ontology_of_ones_own_is_used(app: typer.Typer, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("types:\n  rain:\n    triggers:\n      - nouns: [rain]\n", "utf-8")
    story = tmp_path / "story.txt"
    story.write_text("Rain fell on Oslo.", "utf-8")
    result = CliRunner().invoke(app, ["annotate", "--ontology", str(own), str(story)])
    assert [event["type"] for event in json.loads(result.stdout)["events"]] == ["rain"]
