"""The grammar of ontology files: every feature that the head of `ontology.yaml` documents, seen in a reading."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.annotate.conftest import article
from topics.annotations import Event
from workers.annotate.matchers import PatternTriggers
from workers.annotate.ontology_file import load_ontology
from workers.annotate.reader import Reader
from workers.annotate.triggers import TriggerIndex
from workers.errors import ConfigurationError

Own = Callable[..., list[Event]]


@pytest.fixture
def own(reader: Reader, tmp_path: Path) -> Own:
    """What a type `own` with these fields finds in a text."""
    readers: dict[str, Reader] = {}

    def _reader(fields: str) -> Reader:
        file = tmp_path / "own.yaml"
        file.write_text("types:\n  own:\n" + textwrap.indent(textwrap.dedent(fields), "    "), "utf-8")
        types = load_ontology(file)
        index = TriggerIndex.build(types, reader.pipeline.tokenise, reader.pipeline.irregular_forms())
        index.patterns = PatternTriggers.build(types, reader.pipeline.nlp.vocab)
        return Reader(reader.pipeline, types, index, reader.gazetteer)

    def _own(fields: str, text: str, title: str = "") -> list[Event]:
        if fields not in readers:
            readers[fields] = _reader(fields)
        return [event for event in readers[fields].read([article(text, title)])[0].events if event.type == "own"]

    return _own


def ids(event: Event, role: str = "actor") -> list[str]:
    return [participant.id for participant in getattr(event, role)]


@pytest.mark.parametrize(
    ("trigger", "taken", "left"),
    [
        ("verbs: [dredge]", "Norway dredged the canal.", "Norway dug the canal."),
        ("verbs: [shoo away]", "Guards shooed the herons away.", "Guards shooed the herons."),
        ("verbs: [come under scrutiny]", "The canal came under scrutiny.", "The canal came under water."),
        ("nouns: [dredging]", "Norway held a dredging on Monday.", "Norway held a fair on Monday."),
        ("nouns: [show of herons]", "Norway staged a show of herons.", "Norway staged a show."),
        ("phrases: [heron overboard]", "Heron overboard, cried Oslo.", "The heron was overboard."),
        ("{verbs: [dredge], object: [canal]}", "Norway dredged the canal.", "Norway dredged the lake."),
        ("pattern: [{LEMMA: dredge, MORPH: {IS_SUPERSET: [Tense=Past]}}]", "He dredged it.", "He may dredge it."),
        ("pattern: [{LEMMA: dredge, TAG: VBD}]", "Norway dredged the lake.", "Norway may dredge the lake."),
        ("{verbs: [dredge], object: [canal]}", "The canal was dredged.", "The canal dredged a record."),
        ("{verbs: [dredge], not object: [lake]}", "Norway dredged the canal.", "Norway dredged the lake."),
        ("{nouns: [dredging], only about: [canal]}", "A two-day canal dredging began.", "A lake dredging began."),
        ("{nouns: [dredging], only about: [canal]}", "A long Oslo dredging began.", "The farmers' dredging began."),
        ("{verbs: [dredge], not subject: ['@private']}", "Norway's president dredged it.", "Anna Holm dredged it."),
        ("{verbs: [dredge], subject: ['@country']}", "Norway dredged the canal.", "The firm dredged the canal."),
        ("{verbs: [dredge], subject: ['@leader']}", "Norway's president dredged it.", "A farmer dredged it."),
        ("{verbs: [dredge], subject|by: [navy]}", "It was dredged by the navy.", "It was dredged by the firm."),
        ("{verbs: [dredge], with: [spoon]}", "Norway dredged it with a spoon.", "Norway dredged it with a fork."),
        ("{verbs: [dredge], object: [heron*]}", "Norway dredged the heronry.", "Norway dredged the aviary."),
        ("{verbs: [dredge], object: [~salt]}", "Norway dredged the salt lake.", "Norway dredged the lake."),
        ("{nouns: [dredging], about: [canal]}", "The canal dredging began.", "The lake dredging began."),
        ("{nouns: [dredging], of: [canal]}", "The dredging of the canal began.", "The dredging of the lake began."),
        ("{nouns: [dredging], verb: [begin]}", "The dredging began.", "The dredging stopped."),
        ("{nouns: [dredging], poss: [Oslo]}", "Oslo's dredging began.", "The dredging began."),
        ("{verbs: [dredge], particle: [up]}", "Norway dredged up the mud.", "Norway dredged the mud."),
        ("{verbs: [dredge], adverb: [quietly]}", "Norway quietly dredged it.", "Norway proudly dredged it."),
        ("{verbs: [confer], parties: ['@country']}", "Norway conferred with Chad.", "Norway conferred."),
        ("{verbs: [dredge], sentence: [mud]}", "Norway dredged it, and mud rose.", "Norway dredged it."),
    ],
)  # fmt: skip
def test_a_trigger_takes_what_it_says_and_leaves_the_rest(trigger: str, taken: str, left: str, own: Own) -> None:
    fields = f"triggers:\n  - {trigger}\n"
    assert own(fields, taken), f"{trigger} should take: {taken}"
    assert not own(fields, left), f"{trigger} should leave: {left}"


def test_a_noun_that_modifies_another_counts_only_with_compound(own: Own) -> None:
    text, title = "Rain fell on the hills.", "The dredging budget grew in Oslo"
    assert not own("triggers:\n  - {nouns: [dredging]}\n", text, title)
    assert own("triggers:\n  - {nouns: [dredging], compound: true}\n", text, title)


def test_exclusions_hold_for_all_triggers_of_the_type(own: Own) -> None:
    fields = "triggers:\n  - verbs: [dredge]\nexclude: [dredge the past]\n"
    assert own(fields, "Norway dredged the canal.")
    assert not own(fields, "Norway dredged the past.")


def test_headline_forms_count_in_headlines_only(own: Own) -> None:
    fields = "triggers:\n  - {nouns: [canal row], only_in: title}\n  - {verbs: [quarrel], only_in: text}\n"
    found = own(fields, "Norway quarrelled with Chad over a canal row.", title="Canal row widens")
    assert [(event.trigger.part, event.trigger.text.lower()) for event in found] == [
        ("title", "canal row"), ("text", "quarrelled")]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Norway may dredge the canal.", "hypothetical"),
        ("Norway did not dredge the canal.", "negated"),
        ("Norway dredged the canal in 1911.", "historical"),
        ("Norway will dredge the canal.", None),
        ("Norway dredged the canal on Monday.", None),
    ],
)
def test_weak_words_count_with_the_statuses_that_they_name_only(text: str, status: str | None, own: Own) -> None:
    fields = "triggers:\n  - {verbs: [dredge], only_status: [hypothetical, negated, historical]}\n"
    assert [event.status for event in own(fields, text)] == ([status] if status else [])


def test_a_trigger_for_any_status_goes_before_a_surer_one_for_some(own: Own) -> None:
    surer = "{verbs: [dredge], confidence: 0.9, only_status: negated}"
    fields = f"triggers:\n  - {surer}\n  - {{verbs: [dredge], confidence: 0.5}}\n"
    (event,) = own(fields, "Norway dredged the canal on Monday.")
    assert event.status == "actual"


def test_roles_come_from_the_slots_that_a_trigger_names(own: Own) -> None:
    (event,) = own(
        "triggers:\n  - {verbs: [dredge], actor: [for], target: [in]}\n", "Firms dredged for Norway in Chad."
    )
    assert (ids(event), ids(event, "target")) == (["NO"], ["TD"])


def test_a_symmetric_type_makes_every_party_an_actor(own: Own) -> None:
    fields = "symmetric: true\ntriggers:\n  - verbs: [confer]\n"
    (event,) = own(fields, "Norway conferred with Chad.")
    assert sorted(ids(event)) == ["NO", "TD"]
    assert ids(event, "target") == []


@pytest.mark.parametrize(("failed_counts", "status"), [("true", "actual"), ("false", "negated")])
def test_a_failed_attempt_is_the_event_if_the_type_says_so(failed_counts: str, status: str, own: Own) -> None:
    fields = f"failed_counts: {failed_counts}\ntriggers:\n  - verbs: [dredge]\n"
    (event,) = own(fields, "Norway failed to dredge the canal.")
    assert event.status == status


def test_a_type_yields_to_another_for_the_same_words(own: Own) -> None:
    text = "The president of Norway met the president of Chad in Oslo."
    fields = "{}triggers:\n  - verbs: [meet]\n"
    assert own(fields.format(""), text)
    assert not own(fields.format("yields_to: [summit]\n"), text)


def test_codes_of_a_trigger_go_before_those_of_its_type(own: Own) -> None:
    fields = "plover: AID\ncameo: '070'\ntriggers:\n  - verbs: [dredge]\n  - {verbs: [silt], plover: ASSAULT}\n"
    assert [(e.plover, e.cameo) for e in own(fields, "Norway dredged it.")] == [("AID", "070")]
    assert [(e.plover, e.cameo) for e in own(fields, "Norway silted it.")] == [("ASSAULT", "070")]


# --- in spaCy's own words ------------------------------------------------------------------------------------------

TOKENS = """\
triggers:
  - pattern:
      - {POS: PROPN, SLOT: subject}
      - {LEMMA: go, SLOT: trigger}
      - {LOWER: {IN: [dry, silent]}, SLOT: trigger}
    confidence: 0.6
"""
TREE = """\
triggers:
  - dependency:
      - {RIGHT_ID: verb, RIGHT_ATTRS: {LEMMA: {IN: [close, shut]}}}
      - {LEFT_ID: verb, REL_OP: ">", RIGHT_ID: object, RIGHT_ATTRS: {DEP: dobj, LEMMA: canal}}
    subject: ["@country"]
"""


def test_a_token_pattern_with_named_slots(own: Own) -> None:
    (event,) = own(TOKENS, "Norway went silent.")
    assert (event.trigger.text, ids(event), event.confidence) == ("went silent", ["NO"], 0.6)
    assert own(TOKENS, "Norway goes dry.")
    assert not own(TOKENS, "Norway went home.")


def test_a_dependency_pattern_with_named_slots_and_conditions(own: Own) -> None:
    (event,) = own(TREE, "Norway, after a long night of talk, shut the old canal on Monday.")
    assert (event.trigger.text, ids(event), event.status) == ("shut", ["NO"], "actual")
    assert not own(TREE, "Norway shut the old lake.")
    assert not own(TREE, "Farmers shut the canal.")
    (denied,) = own(TREE, "Norway has not closed the canal.")
    assert denied.status == "negated"


def test_a_pattern_that_spacy_refuses_is_told_with_its_line(own: Own) -> None:
    with pytest.raises(ConfigurationError, match=r"own\.yaml:4: spaCy refuses this pattern"):
        own("triggers:\n  - pattern:\n      - {LEMMA: {INN: [a]}, LOWER: a}\n", "Norway went silent.")
