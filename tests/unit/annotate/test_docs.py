"""docs/reading.md says what the code does: its tables are whole, its figures are the code's, its examples are sound."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from tests.unit.annotate.conftest import article
from topics.annotations import Status
from workers.annotate import confidence
from workers.annotate.explain import Reason
from workers.annotate.ontology import BASE_CONFIDENCE, CLASSES, SLOTS
from workers.annotate.ontology_file import check_ontology
from workers.annotate.ontology_spec import OntologyFile, TriggerSpec, TypeSpec
from workers.annotate.reader import Reader

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reading.md").read_text("utf-8")
NAMED = set(re.findall(r"`([^`\n]+)`", PAGE))


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(SLOTS, id="slots"),
        pytest.param(CLASSES, id="classes"),
        pytest.param(set(get_args(Status)), id="statuses"),
        pytest.param(set(get_args(Reason)), id="reasons"),
        pytest.param(set(TriggerSpec.model_fields), id="keys of a trigger"),
        pytest.param(set(TypeSpec.model_fields), id="keys of a type"),
        pytest.param(set(OntologyFile.model_fields) - {"version"}, id="keys of a file"),
    ],
)
def test_the_page_names_all(names: set[str]) -> None:
    words = {part for name in NAMED for part in re.split(r"[:\s|]+", name)} | NAMED
    assert sorted(names - words - {"types"}) == []


def test_the_figures_of_confidence_are_those_of_the_code() -> None:
    rows = {
        name: value
        for names, values in re.findall(r"^\| (`[^|]+) \| ([\d., ]+) \|", PAGE, flags=re.MULTILINE)
        for name, value in zip(re.findall(r"`([^`]+)`", names), map(float, values.split(", ")), strict=True)
    }
    assert rows == {
        "nothing named": confidence.NOTHING_NAMED,
        "no actor": confidence.NO_ACTOR,
        "target": confidence.TARGET,
        "place": confidence.PLACE,
        "date": confidence.DATE,
        "headline": confidence.HEADLINE,
        "in passing": confidence.IN_PASSING,
        "timeless": confidence.TIMELESS,
        **confidence.STATUS,
    }
    verb, noun, phrase = (BASE_CONFIDENCE[kind] for kind in ("verb", "noun", "phrase"))
    text = " ".join(PAGE.split())
    assert f"by default {verb:g} for a verb, {noun:g} for a noun, {phrase:g} for a phrase or a pattern" in text
    assert f"at most {confidence.SUREST:g}" in text


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL))
def test_every_example_is_a_sound_ontology_file(block: str, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(block, "utf-8")
    _, problems, _ = check_ontology([tmp_path / "own.yaml"])
    assert [str(problem) for problem in problems] == []


def test_the_example_in_spacys_words_reads_what_it_says(tmp_path: Path) -> None:
    (block,) = (one for one in re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL) if "blackout" in one)
    (tmp_path / "own.yaml").write_text(block, "utf-8")
    reader = Reader.load(model="en_core_web_sm", ontology=tmp_path)
    events = reader.read([article("Chad went offline on Monday. A ship severed the long cable to Malta.")])[0].events
    assert [(e.type, e.trigger.text) for e in events] == [("blackout", "went offline"), ("blackout", "severed")]


def test_the_example_file_is_the_readmes_and_names_its_schema() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (block,) = re.findall(r"\*\*`ports.yaml`\*\*\n\n```yaml\n(.*?)```", readme, flags=re.DOTALL)
    folder = ROOT / "deploy" / "examples" / "ontology"
    (file,) = folder.iterdir()
    first, rest = file.read_text("utf-8").split("\n", 1)
    assert rest == block
    assert (folder / first.removeprefix("# yaml-language-server: $schema=")).is_file()
    _, problems, _ = check_ontology([folder])
    assert problems == []
