"""The ontology file: what a user may add, and how mistakes are told."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from topics.articles import Article
from workers.annotate.ontology import Codes
from workers.annotate.ontology_file import BUILT_IN, BrokenOntology, check_ontology, load_ontology
from workers.annotate.ontology_spec import SCHEMA_FILE, TypeSpec, schema_text
from workers.annotate.reader import Reader
from workers.errors import InputError

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


def problems(folder: Path, text: str) -> list[str]:
    file = write(folder, text)
    _, found, _ = check_ontology([file])
    return [str(problem).removeprefix(f"{file}:") for problem in found]


def of_trigger(text: str) -> str:
    return f"types:\n  quota:\n    triggers:\n      - {text}\n"


BROKEN = [
    pytest.param("tipes: {}\n", "1:1: tipes: found an unknown key; allowed: one of the keys; did you mean types?",
                 id="unknown key of the file"),
    pytest.param("types: [a, b\n", "2:1: file: found what is not YAML; expected ',' or ']', but got '<stream end>'",
                 id="not YAML"),
    pytest.param("- quota\n", "1:1: document: found a list; expected a mapping: lists, types", id="a list"),
    pytest.param("types:\n  quota:\n    trigers: []\n",
                 "3:5: types.quota.trigers: found an unknown key; allowed: one of the keys; did you mean triggers "
                 "or target?", id="unknown key of a type"),
    pytest.param("types:\n  talks:\n    verbs: [chat]\n",
                 "3:5: types.talks.verbs: found an unknown key; it belongs to a trigger, below `triggers:`; allowed "
                 f"here: {', '.join(TypeSpec.model_fields)}",
                 id="a trigger's key at the type"),
    pytest.param(of_trigger("{verbs: [cap], objekt: [catch]}"),
                 "4:24: types.quota.triggers[0].objekt: found an unknown key; allowed: one of the slots and fields of "
                  "a trigger; did you mean object or subject?", id="unknown slot"),
    pytest.param(of_trigger("{verbs: [cap], not objekt|with: [catch]}"),
                 "4:24: types.quota.triggers[0].not objekt|with: found the unknown slot 'objekt'; allowed: one of the "
                  "slots and fields of a trigger; did you mean object or subject?", id="unknown slot of two"),
    pytest.param(of_trigger("{verbs: [cap], object: [catch, $misile]}"),
                 "4:40: types.quota.triggers[0].object[1]: found '$misile'; allowed: one of the lists; did you mean "
                  "missile?", id="unknown list"),
    pytest.param(of_trigger("{verbs: [cap], subject: ['@leder']}"),
                 "4:34: types.quota.triggers[0].subject[0]: found '@leder'; allowed: one of the classes; did you mean "
                  "leader?", id="unknown class"),
    pytest.param(of_trigger("{verbs: [cap], object: [open sea]}"),
                 "4:33: types.quota.triggers[0].object[0]: found 'open sea'; allowed: one word; a condition looks at "
                  "the head of a phrase", id="two words in a condition"),
    pytest.param(of_trigger("{object: [catch]}"),
                 "4:9: types.quota.triggers[0]: found none of them; a trigger has exactly one of: verbs, nouns, "
                  "phrases, pattern, dependency", id="no words"),
    pytest.param(of_trigger("{verbs: [cap], nouns: [cap]}"),
                 "4:9: types.quota.triggers[0]: found verbs and nouns; a trigger has exactly one of: verbs, nouns, "
                  "phrases, pattern, dependency", id="words of two kinds"),
    pytest.param(of_trigger("{verbs: []}"), "4:17: types.quota.triggers[0].verbs: found a list; allowed: at least 1",
                 id="an empty list"),
    pytest.param(of_trigger("{verbs: [cap], confidence: 2}"),
                 "4:36: types.quota.triggers[0].confidence: found '2'; allowed: 1.0 or less", id="too sure"),
    pytest.param(of_trigger("{verbs: [cap], confidence: high}"),
                 "4:36: types.quota.triggers[0].confidence: found 'high'; allowed: a number", id="no number"),
    pytest.param(of_trigger("{verbs: [cap], actor: [subjet]}"),
                 "4:32: types.quota.triggers[0].actor[0]: found 'subjet'; allowed: one of the slots; did you mean "
                  "subject or object?", id="unknown slot of a role"),
    pytest.param(of_trigger("{verbs: [cap], only_in: headline}"),
                 "4:33: types.quota.triggers[0].only_in: found 'headline'; allowed: title or text",
                 id="unknown part"),
    pytest.param(of_trigger("{verbs: [cap], only_status: [maybe]}"),
                 "4:38: types.quota.triggers[0].only_status[0]: found 'maybe'; allowed: actual, historical, future, "
                 "hypothetical or negated", id="unknown status"),
    pytest.param(of_trigger("cap"), "4:9: types.quota.triggers[0]: found 'cap'; allowed: a mapping",
                 id="a trigger that is a word"),
    pytest.param("types:\n  summit:\n    symmetric: often\n",
                 "3:16: types.summit.symmetric: found 'often'; allowed: true or false", id="no truth value"),
    pytest.param("types:\n  summit:\n    yields_to: [talk]\n",
                 "3:17: types.summit.yields_to[0]: found 'talk'; allowed: one of the event types; did you mean "
                  "talks?", id="unknown type"),
    pytest.param("types:\n  summit:\n    plover: [CONSULT]\n",
                 "3:13: types.summit.plover: found a list; allowed: text", id="a list for a text"),
    pytest.param("types:\n  Quota: {triggers: [{verbs: [cap]}]}\n",
                 "2:3: types.Quota: found 'Quota'; allowed: small letters, digits and _, beginning with a letter",
                 id="a name with a capital"),
    pytest.param("types:\n  quota:\n",
                 "2:3: types.quota: found a new type without triggers; give it `triggers:`", id="no triggers"),
    pytest.param("types:\n  summit: {}\n  summit: {}\n",
                 "3:3: types.summit: found the key a second time; give it once", id="a type twice"),
    pytest.param("lists:\n  fish: cod\n", "2:9: lists.fish: found 'cod'; allowed: a list", id="a list of one word"),
    pytest.param("lists:\n  boats: [$misile]\n",
                 "2:11: lists.boats[0]: found '$misile'; allowed: one of the lists; did you mean missile?",
                 id="unknown list in a list"),
    pytest.param("without:\n  misile: [emad]\n",
                 "2:3: without.misile: found 'misile'; allowed: one of the lists; did you mean missile?",
                 id="words from an unknown list"),
    pytest.param("types:\n  talks:\n    without: {verbs: [meat]}\n",
                 "3:23: types.talks.without.verbs[0]: found 'meat'; allowed: one of the verbs of the type; did you "
                  "mean meet or mediate or debate?", id="a word that is not there"),
    pytest.param("types:\n  summit:\n    disabled: true\n    exclude: [a]\n",
                 "3:5: types.summit.disabled: found other fields beside it; a type that is switched off has none",
                 id="switched off and added to"),
    pytest.param("types:\n  sumit:\n    disabled: true\n",
                 "2:3: types.sumit: found a type that is not known; only a known type can be switched off",
                 id="an unknown type switched off"),
    pytest.param(of_trigger("{pattern: [{LEMMA: cap, OPP: '+'}]}"),
                 "4:33: types.quota.triggers[0].pattern[0].OPP: found an unknown key; allowed: one of the attributes; "
                  "did you mean OP?", id="unknown attribute of a token"),
    pytest.param(of_trigger("{pattern: [{POS: VERB}]}"),
                 "4:19: types.quota.triggers[0].pattern: found no word; one token needs a word of its own (LEMMA or "
                  "LOWER), by which its sentences are found", id="a pattern without a word"),
    pytest.param(of_trigger("{dependency: [{RIGHT_ID: t, RIGHT_ATTRS: {LEMMA: cap}}, {LEFT_ID: x, REL_OP: '>', "
                            "RIGHT_ID: object, RIGHT_ATTRS: {DEP: dobj}}]}"),
                 "4:75: types.quota.triggers[0].dependency[1].LEFT_ID: found 'x'; allowed: t",
                 id="an unknown node"),
    pytest.param(of_trigger("{verbs: [cap], 'at|\"in\"': [port]}"),
                 "4:24: types.quota.triggers[0].at|\"in\": found quotation marks in 'at|\"in\"'; write the slots "
                  "without them", id="a slot in quotation marks"),
    pytest.param(of_trigger("{verbs: [cap], object: [deep-sea]}"),
                 "4:33: types.quota.triggers[0].object[0]: found 'deep-sea'; allowed: a word without a hyphen; the "
                  "reader cuts there: sea or ~deep", id="a hyphened word in a condition"),
    pytest.param(of_trigger("{verbs: [cap], object: [' ']}"),
                 "4:33: types.quota.triggers[0].object[0]: found ' '; allowed: a word", id="a blank for a word"),
    pytest.param(of_trigger("{verbs: [cap], object: ['~']}"),
                 "4:33: types.quota.triggers[0].object[0]: found '~'; allowed: a word", id="a mark without a word"),
    pytest.param("lists:\n  boats: ['  ']\n", "2:11: lists.boats[0]: found '  '; allowed: a word",
                 id="a blank in a list"),
    pytest.param("types:\n  summit:\n    exclude: [' ']\n",
                 "3:15: types.summit.exclude[0]: found ' '; allowed: a word", id="a blank excluded"),
    pytest.param("types:\n  talks:\n    yields_to: [talks]\n",
                 "3:17: types.talks.yields_to[0]: found 'talks'; allowed: another type; one that yields to itself is "
                  "never told", id="a type that yields to itself"),
    pytest.param("types:\n  quota:\n    yields_to: [ban]\n    triggers: [{verbs: [cap]}]\n"
                 "  ban:\n    triggers: [{verbs: [ban]}]\n    yields_to: talks\n"
                 "  talks:\n    yields_to: [quota]\n",
                 "3:17: types.quota.yields_to[0]: found 'ban'; allowed: a type that does not yield to quota in turn; "
                  "else neither is told\n"
                 "7:16: types.ban.yields_to: found 'talks'; allowed: a type that does not yield to ban in turn; else "
                  "neither is told\n"
                 "9:17: types.talks.yields_to[0]: found 'quota'; allowed: a type that does not yield to talks in turn; "
                  "else neither is told", id="types that yield in a ring"),
    pytest.param(of_trigger("{pattern: [{LEMMA: ''}]}"),
                 "4:28: types.quota.triggers[0].pattern[0].LEMMA: found ''; allowed: a word",
                 id="a blank in a pattern"),
    pytest.param(of_trigger("{pattern: [{LOWER: {IN: [Oslo]}}]}"),
                 "4:34: types.quota.triggers[0].pattern[0].LOWER.IN[0]: found 'Oslo'; allowed: small letters, oslo; "
                  "TEXT takes capitals too", id="a capital among small letters"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), BROKEN)
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(text: str, wanted: str, tmp_path: Path) -> None:
    assert problems(tmp_path, text) == wanted.split("\n")


def test_all_mistakes_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("tipes: {}\nlists:\n  fish: cod\n", "utf-8")
    second.write_text("types:\n  summit:\n    symmetric: often\n", "utf-8")
    with pytest.raises(BrokenOntology) as caught:
        load_ontology([tmp_path])
    assert [(Path(p.file).name, p.line) for p in caught.value.problems] == [
        ("a.yaml", 1), ("a.yaml", 3), ("b.yaml", 3)]  # fmt: skip
    assert str(caught.value).startswith("3 mistakes in the ontology; nothing was loaded:\n")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.yaml: no such file or folder"):
        load_ontology(tmp_path / "gone.yaml")
    with pytest.raises(InputError, match=r"the folder holds no \.yaml file"):
        load_ontology(tmp_path)


# --- what a user's file may change ---------------------------------------------------------------------------------


def test_a_type_is_switched_off(tmp_path: Path) -> None:
    ontology = load_ontology(write(tmp_path, "types:\n  summit:\n    disabled: true\n"))
    assert "summit" not in ontology.types
    assert len(ontology.types) == len(load_ontology().types) - 1


def test_a_types_triggers_are_replaced_and_its_codes_stay(tmp_path: Path) -> None:
    text = "types:\n  summit:\n    replace: true\n    triggers:\n      - verbs: [powwow]\n"
    found, built_in = load_ontology(write(tmp_path, text))["summit"], load_ontology()["summit"]
    assert [trigger.words for trigger in found.triggers] == [(("powwow",),)]
    assert found.exclude == ()
    assert (found.plover, found.cameo, found.symmetric) == (built_in.plover, built_in.cameo, built_in.symmetric)


def test_words_are_taken_from_triggers_exclusions_and_lists(tmp_path: Path) -> None:
    built_in = load_ontology()["missile_launch"]
    excluded = " ".join(built_in.exclude[0])
    text = (
        "without: {missile: [shahab*]}\n"
        f"types:\n  missile_launch:\n    without: {{verbs: [lob], exclude: [{excluded}]}}\n"
    )
    found = load_ontology(write(tmp_path, text))["missile_launch"]
    assert not any(("lob",) in trigger.words for trigger in found.triggers if trigger.kind == "verb")
    assert any(("lob",) in trigger.words for trigger in built_in.triggers if trigger.kind == "verb")
    assert found.exclude == built_in.exclude[1:]
    words = {term.word for trigger in found.triggers for condition in trigger.conditions for term in condition.terms}
    assert "shahab" not in words
    assert "missile" in words


def test_a_trigger_that_loses_all_its_words_goes(tmp_path: Path) -> None:
    first = write(tmp_path, of_trigger("{verbs: [cap, limit]}") + "      - {nouns: [quota]}\n")
    second = tmp_path / "second.yaml"
    second.write_text("types:\n  quota:\n    triggers: [{verbs: [curb]}]\n", "utf-8")
    assert len(load_ontology([first, second])["quota"].triggers) == 3
    assert first.name < second.name


def test_several_files_and_folders_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "own.yaml").write_text(of_trigger("{verbs: [cap], object: [$fish]}"), "utf-8")
    (tmp_path / "more" / "lists.yaml").write_text("lists:\n  fish: [cod, $shellfish]\n  shellfish: [crab]\n", "utf-8")
    ontology = load_ontology([tmp_path / "own.yaml", tmp_path / "more"])
    (trigger,) = ontology["quota"].triggers
    assert {term.word for term in trigger.conditions[0].terms} == {"cod", "crab"}
    assert trigger.file.endswith("own.yaml")
    assert (trigger.line, trigger.conditions[0].line) == (4, 4)
    assert ontology.version.startswith("1+")


def test_a_list_that_holds_itself_ends(tmp_path: Path) -> None:
    text = "lists:\n  fish: [cod, $catch]\n  catch: [$fish, crab]\n" + of_trigger("{verbs: [cap], object: [$fish]}")
    (trigger,) = load_ontology(write(tmp_path, text))["quota"].triggers
    assert {term.word for term in trigger.conditions[0].terms} == {"cod", "crab"}


def test_the_built_in_files_pass_their_own_check() -> None:
    file, folder = BUILT_IN
    shipped = [path for path in (file, folder) if path.exists()]
    _, found, _ = check_ontology(shipped)
    assert [str(problem) for problem in found] == []


class _Yaml12(yaml.SafeLoader):
    """As editors read it: `on` and `no` are words."""


_Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if not tag.endswith((":bool", ":timestamp"))]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), ["t", "f"])


# --- the schema for editors ----------------------------------------------------------------------------------------


def test_the_published_schema_is_the_models() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), "run `python -m workers.annotate.ontology_spec`"


def test_the_built_in_files_meet_the_schema_and_name_it() -> None:
    validator = Draft202012Validator(json.loads(schema_text()))
    file, folder = BUILT_IN
    for path in (file, *folder.glob("*.yaml")):
        text = path.read_text("utf-8")
        assert text.startswith("# yaml-language-server: $schema="), path
        assert (path.parent / text.split("\n", 1)[0].removeprefix("# yaml-language-server: $schema=")).is_file()
        found = yaml.load(text, _Yaml12)
        errors = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator.iter_errors(found)]
        assert errors == [], path


@pytest.mark.parametrize("text", ["types: {quota: {trigers: []}}", "types: {quota: {triggers: [{objekt: [a]}]}}",
                                  "types: {quota: {triggers: [{verbs: [a], nouns: [b]}]}}", "lists: {fish: cod}",
                                  "types: {quota: {triggers: [{verbs: [a], obj|with: [b]}]}}"])  # fmt: skip
def test_the_schema_refuses_what_the_check_refuses(text: str) -> None:
    assert list(Draft202012Validator(json.loads(schema_text())).iter_errors(yaml.safe_load(text)))


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
