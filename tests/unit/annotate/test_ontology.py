"""The ontology file: what a user may add, and how mistakes are told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from topics.articles import Article
from workers.annotate.ontology import Codes, load_ontology
from workers.annotate.reader import Reader
from workers.errors import ConfigurationError

NOW = datetime(2024, 5, 15, tzinfo=UTC)
VERSION_1 = Path(__file__).parents[2] / "benchmarks" / "quality" / "version1.txt"

STRIKE = """\
lists:
  fish: [cod, herring, mackerel]
types:
  quota:
    description: a catch is limited
    plover: AGREE
    triggers:
      - verbs: [cap, limit]
        object: [catch, $fish]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(text, "utf-8")
    return path


def test_the_built_in_ontology_has_all_types_of_version_1() -> None:
    ontology = load_ontology()
    assert ontology.version == "1"
    version_1 = set(VERSION_1.read_text("utf-8").split())
    assert len(version_1) == 31
    assert version_1 <= set(ontology.types)
    assert all(kind.triggers and kind.description for kind in ontology.types.values())


def test_a_type_of_the_users_own_is_read(tmp_path: Path) -> None:
    reader = Reader.load(model="en_core_web_sm", ontology=write(tmp_path, STRIKE))
    article = Article(id="x", revision="r", text="Norway capped the catch of cod on Monday.", fetched_at=NOW)
    annotation = reader.read([article])[0]
    assert [(e.type, e.plover, [p.id for p in e.actor]) for e in annotation.events] == [("quota", "AGREE", ["NO"])]
    assert annotation.ontology.startswith("1+")


def test_a_users_words_extend_built_in_lists_and_types(tmp_path: Path) -> None:
    text = (
        "lists:\n  missile: [wasp-9]\n"
        "types:\n  missile_launch:\n    triggers:\n      - verbs: [catapult]\n        object: [$missile]\n"
    )
    ontology = load_ontology(write(tmp_path, text))
    built_in = load_ontology()
    assert len(ontology["missile_launch"].triggers) == len(built_in["missile_launch"].triggers) + 1
    first = ontology["missile_launch"].triggers[0].conditions[0]
    assert "wasp-9" in {term.word for term in first.terms}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("types:\n  quota:\n    trigers: []\n", 3, "`trigers` is not a field of a type"),
        (
            "types:\n  quota:\n    triggers:\n      - verbs: [cap]\n        objekt: [catch]\n",
            5,
            "Did you mean `object`",
        ),
        (
            "types:\n  quota:\n    triggers:\n      - verbs: [cap]\n        object: [$fish]\n",
            5,
            r"the list \$fish is not known",
        ),
        (
            "types:\n  quota:\n    triggers:\n      - verbs: [cap]\n        subject: ['@ship']\n",
            5,
            "the class @ship is not known",
        ),
        ("types:\n  quota:\n    triggers:\n      - object: [catch]\n", 4, "exactly one of: verbs, nouns, phrases"),
        ("types:\n  quota:\n    triggers:\n      - verbs: [cap]\n        confidence: 2\n", 5, "from 0 to 1, found 2"),
        ("types:\n  quota:\n    symmetric: often\n", 3, "expected true or false"),
        ("types:\n  quota:\n    yields_to: [nothing]\n", 1, "there is no type `nothing`"),
        ("types:\n  Quota: {}\n", 2, "small letters"),
        ("tipes: {}\n", 1, "`tipes` is not known"),
        ("types: [a, b\n", 2, "not YAML"),
        ("types:\n  quota: {}\n  quota: {}\n", 3, "given twice"),
        ("lists:\n  fish: cod\n", 2, "expected a list"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        load_ontology(write(tmp_path, text))
    assert f"own.yaml:{line}:" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"gone\.yaml: cannot be read"):
        load_ontology(tmp_path / "gone.yaml")


def test_a_trigger_may_have_codes_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "types:\n  hive_move:\n    plover: MOBILIZE\n    cameo: '154'\n    triggers:\n"
        "      - verbs: [swarm]\n      - verbs: [decamp]\n        plover: RETREAT\n",
        "utf-8",
    )
    ontology = load_ontology(file)
    swarm, decamp = ontology["hive_move"].triggers
    assert ontology.codes(swarm) == Codes("MOBILIZE", "154")
    assert ontology.codes(decamp) == Codes("RETREAT", "154")


@pytest.mark.parametrize(
    ("root", "status", "coded"),
    [("AID", "future", "AGREE"), ("SANCTION", "future", "THREATEN"), ("MOBILIZE", "future", "MOBILIZE"),
     ("AID", "actual", "AID"), (None, "future", None)],
)  # fmt: skip
def test_what_is_only_announced_is_coded_as_an_intention(root: str | None, status: str, coded: str | None) -> None:
    assert load_ontology().coded_root(root, status) == coded
