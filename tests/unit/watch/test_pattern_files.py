"""Broken pattern files: every mistake at once, with its line, its column, what was found and what is allowed."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from workers.errors import ConfigurationError, InputError
from workers.settings import examples_dir
from workers.watch.event_types import DEFAULT_EVENT_TYPES, EventTypes
from workers.watch.pattern_file import BrokenPatterns, check_patterns, load_patterns
from workers.watch.pattern_schema import SCHEMA_FILE, schema_text

SOUND = """\
title: Launch and summit
id: launch-summit
correlation:
  type: temporal
  rules: [missile_launch, summit]
  group-by: [actor]
  timespan: 48h
"""


def problems(folder: Path, text: str, types: EventTypes = DEFAULT_EVENT_TYPES) -> list[str]:
    file = folder / "p.yaml"
    file.write_text(textwrap.dedent(text), "utf-8")
    _, found, _ = check_patterns([file], types)
    return [str(problem).removeprefix(f"{file}:") for problem in found]


def changed(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new)


BROKEN = [
    pytest.param(SOUND + "levl: high\n",
                 "8:1: levl: found an unknown key; allowed: one of the keys; did you mean level?", id="misspelt key"),
    pytest.param(changed("title: Launch and summit\n", ""), "1:1: title: found nothing; it is required", id="no title"),
    pytest.param(changed("launch-summit", "Launch Summit"),
                 "2:5: id: found 'Launch Summit'; allowed: lower-case letters, digits, '-' and '_', at most 100, "
                 "starting with a letter or digit", id="bad id"),
    pytest.param(changed("48h", "48 hours"),
                 "7:13: correlation.timespan: found '48 hours'; allowed: a duration such as 90s, 30m, 48h, 7d or 1d12h",
                 id="bad duration"),
    pytest.param(changed("48h", "0h"), "7:13: correlation.timespan: found '0h'; allowed: a duration from 1s to 92d",
                 id="no timespan at all"),
    pytest.param(changed("48h", "3000w"),
                 "7:13: correlation.timespan: found '3000w'; allowed: a duration from 1s to 92d",
                 id="timespan beyond all bounds"),
    pytest.param(changed("summit]", "sumit]"),
                 "5:27: correlation.rules[1]: found 'sumit'; allowed: a rule of this pattern or an event type; "
                 "did you mean summit?", id="unknown rule"),
    pytest.param(changed("[missile_launch, summit]", "[summit]"),
                 "5:10: correlation.rules: found one rule; temporal needs two or more; event_count does with one",
                 id="nothing to come together with"),
    pytest.param(changed("summit]", "summit, missile_launch]"),
                 "5:35: correlation.rules[2]: found 'missile_launch' a second time; give it once", id="a rule twice"),
    pytest.param(changed("[actor]", "[actors]"),
                 "6:14: correlation.group-by[0]: found 'actors'; allowed: article, story, actor, place or entity",
                 id="unknown join field"),
    pytest.param(changed("group-by", "group_by"),
                 "6:3: correlation.group_by: found an unknown key; allowed: one of the keys; did you mean group-by?",
                 id="underscore"),
    pytest.param(SOUND + "  cooldown: 6h\n",
                 "8:3: correlation.cooldown: found an unknown key; it belongs at the top level of the pattern; "
                 "allowed here: type, rules, group-by, timespan, condition", id="right key, wrong place"),
    pytest.param(SOUND + "timespan: 6h\n",
                 "8:1: timespan: found an unknown key; it belongs under correlation; allowed here: title, id, level, "
                 "description, status, author, date, modified, references, tags, falsepositives, rules, correlation, "
                 "corroboration, distinct, spike, cooldown, rearm_on, receivers, tests", id="right key, wrong level"),
    pytest.param(changed("launch-summit", '"launch-summit\\n"'),
                 "2:5: id: found 'launch-summit\\n'; allowed: lower-case letters, digits, '-' and '_', at most 100, "
                 "starting with a letter or digit", id="a line end in an id"),
    pytest.param(SOUND + "level: urgent\n",
                 "8:8: level: found 'urgent'; allowed: informational, low, medium, high or critical",
                 id="unknown level"),
    pytest.param(SOUND + "rules:\n  x: {type: missile_lanch}\n",
                 "9:13: rules.x.type[0]: found 'missile_lanch'; allowed: one of the event types; did you mean "
                 "missile_launch or space_launch?", id="unknown event type"),
    pytest.param(SOUND + "rules:\n  x: {type: summit, actor: [North Korea]}\n",
                 "9:29: rules.x.actor[0]: found 'North Korea'; allowed: an entity id: a country as two capitals (KP), "
                 "others as kind:name (person:vladimir-putin)", id="a name instead of an id"),
    pytest.param(SOUND + "rules:\n  x: {type: summit, status: denied}\n",
                 "9:29: rules.x.status[0]: found 'denied'; allowed: actual, historical, future, hypothetical or "
                 "negated",
                 id="unknown status"),
    pytest.param(SOUND + "rules:\n  x: {type: summit, min_confidence: 80%}\n",
                 "9:37: rules.x.min_confidence: found '80%'; allowed: a number", id="no number"),
    pytest.param(SOUND + "rules:\n  x: {type: summit, min_confidence: 80}\n",
                 "9:37: rules.x.min_confidence: found '80'; allowed: 1.0 or less", id="too high"),
    pytest.param(SOUND + "rules:\n  summit: {type: summit, text: [\"\"]}\n",
                 "9:33: rules.summit.text[0]: found ''; allowed: words, not an empty text; leave the key out to select "
                 "all", id="an empty phrase"),
    pytest.param(SOUND + "rules:\n  summit: {type: summit, source: \" \"}\n",
                 "9:34: rules.summit.source[0]: found ' '; allowed: words, not an empty text; leave the key out to "
                 "select all", id="an empty source"),
    pytest.param(SOUND + "rules: [summit]\n", "8:8: rules: found a list; allowed: a mapping", id="rules as a list"),
    pytest.param(SOUND + "corroboration: 0\n", "8:16: corroboration: found '0'; allowed: 1 or more", id="too low"),
    pytest.param(SOUND + "distinct: story\n", "8:11: distinct: found 'story'; allowed: article", id="distinct what"),
    pytest.param(SOUND + "title: Another\n", "8:1: title: found the key a second time; give it once", id="key twice"),
    pytest.param(SOUND + "tests:\n  - name: t\n    events: [{at: 2026-03-01, type: summit}]\n    expect: []\n",
                 "10:19: tests[0].events[0].at: found '2026-03-01'; allowed: a time with its zone, such as "
                 "2026-03-01T23:50Z", id="a day is no time"),
    pytest.param(changed("temporal", "temporl"),
                 "4:9: correlation.type: found 'temporl'; allowed: temporal, temporal_ordered, event_count or "
                 "value_count",
                 id="unknown correlation"),
    pytest.param(SOUND.replace("temporal", "event_count"),
                 "4:3: correlation.condition: found nothing; event_count takes a count, for example {gte: 5}",
                 id="a count of how many"),
    pytest.param(SOUND.replace("temporal", "event_count") + "  condition: {gte: 0}\n",
                 "8:20: correlation.condition.gte: found '0'; allowed: 1 or more", id="a count of none"),
    pytest.param(SOUND.replace("temporal", "event_count") + "  condition: {gte: 2, gt: 3}\n",
                 "8:14: correlation.condition: found a mapping; give one of gte, gt, lte, lt or eq, for example "
                 "{gte: 5}",
                 id="two counts"),
    pytest.param(SOUND + "  condition: {gte: 2}\n",
                 "8:14: correlation.condition: found a count; allowed: a condition over its rules (a and not b)",
                 id="temporal does not count"),
    pytest.param("title: [\n", "2:1: file: found what is not YAML; expected the node content, but found '<stream end>'",
                 id="no YAML"),
    pytest.param("- summit\n", "1:1: document: found a list; expected a pattern: title, id, correlation …",
                 id="a list"),
    pytest.param("a: &a [*a]\n", "1:4: file: found what is not YAML; an alias that holds itself", id="endless alias"),
]  # fmt: skip

COUNT = SOUND.replace("temporal", "event_count")

CONDITIONS = [
    pytest.param("temporal", "summit and not", "found the end (character 15); expected a rule, not, or a parenthesis",
                 id="half a condition"),
    pytest.param("temporal", "summit & missile_launch",
                 "found '&' (character 8); expected rules joined by and, or, not and parentheses", id="a foreign sign"),
    pytest.param("temporal", "summit and missile_launch and sumit",
                 "found 'sumit' (character 31); allowed: a name of `rules`; did you mean summit?",
                 id="an unknown rule"),
    pytest.param("temporal", "not (summit or missile_launch)",
                 "found 'not (summit or missile_launch)'; something must be there: `a and not b`; for silence alone "
                 "use event_count with {lt: 1}", id="nothing but silence"),
    pytest.param("temporal", "summit and missile_launch and not summit",
                 "found 'summit and missile_launch and not summit'; it can never be met: a rule is both asked for and "
                 "excluded", id="never"),
    pytest.param("temporal", "(" * 3000 + "summit",
                 "found more than 50 parentheses and `not` (character 51); expected a simpler condition",
                 id="too deep"),
    pytest.param("temporal_ordered", "summit and missile_launch",
                 "found 'summit and missile_launch'; allowed: none; the order is that of rules", id="ordered"),
    pytest.param("event_count", "summit or missile_launch",
                 "found 'summit or missile_launch'; event_count takes a count, for example {gte: 5}",
                 id="a count of words"),
]  # fmt: skip

COUNTS = [
    pytest.param("value_count", "", "4:3: correlation.condition: found nothing; value_count takes a count, for example "
                 "{field: story, gte: 5}", id="a count of what"),
    pytest.param("value_count", "  condition: {gte: 2}\n",
                 "8:14: correlation.condition: found a mapping; name a field: story, source, actor, target, place or "
                 "article", id="no field"),
    pytest.param("event_count", "  condition: {field: story, gte: 2}\n",
                 "8:15: correlation.condition.field: found 'story'; it belongs to value_count; event_count counts "
                 "articles",
                 id="a field too many"),
    pytest.param("event_count", "  condition: {gte: 2}\nspike: {reference: 7d, height: 4}\n",
                 "8:15: correlation.condition.gte: found '2'; a spike sets its own bounds; leave this out", id="both"),
    pytest.param("event_count", "spike: {reference: 1h, height: 4}\n",
                 "8:20: spike.reference: found '1h'; at least as long as the timespan", id="a short reference"),
    pytest.param("temporal", "spike: {reference: 7d, height: 4}\n",
                 "8:1: spike: found a mapping; only counts can spike: event_count or value_count", id="what spikes"),
    pytest.param("event_count", "  condition: {lt: 2}\nrearm_on: [new_story]\n",
                 "9:1: rearm_on: found a list; a pattern that rings for silence has no new story; leave it out",
                 id="silence has no story"),
    pytest.param("event_count", "  condition: {lt: 2}\ncorroboration: 2\n",
                 "9:1: corroboration: found '2'; nobody can corroborate silence; leave it out", id="who is silent"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_mistake_is_told_where_it_stands(tmp_path, text, message) -> None:
    assert problems(tmp_path, text) == [message]


@pytest.mark.parametrize(("kind", "condition", "message"), CONDITIONS)
def test_a_condition_is_told_what_is_wrong_and_where_in_it(tmp_path, kind, condition, message) -> None:
    found = problems(tmp_path, SOUND.replace("temporal", kind) + f"  condition: {condition}\n")
    assert f"8:14: correlation.condition: {message}" in found


@pytest.mark.parametrize(("kind", "rest", "message"), COUNTS)
def test_counts_and_spikes_are_told_what_they_lack(tmp_path, kind, rest, message) -> None:
    assert problems(tmp_path, SOUND.replace("temporal", kind) + rest) == [message]


@pytest.mark.parametrize(
    "text",
    [
        SOUND + "  condition: summit and not missile_launch\n",
        SOUND.replace("temporal", "temporal_ordered"),
        COUNT + "  condition: {lt: 2}\n",
        COUNT + "spike: {reference: 7d, height: 4}\n",
        SOUND.replace("temporal", "value_count") + "  condition: {field: source, gte: 3}\n",
        SOUND + "rearm_on: [new_story]\n",
        SOUND + "rules:\n  summit: {type: summit, text: envoy}\n",
    ],
    ids=["absence", "ordered", "fewer", "spike", "values", "rearm", "text"],
)
def test_the_whole_vocabulary_loads(tmp_path, text) -> None:
    assert problems(tmp_path, text) == []


def test_a_sound_file_has_no_mistakes(tmp_path) -> None:
    assert problems(tmp_path, SOUND) == []


def test_all_mistakes_of_all_files_come_at_once_in_order(tmp_path) -> None:
    (tmp_path / "b.yaml").write_text(changed("48h", "x").replace("launch-summit", "b"))
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "c.yml").write_text(SOUND + "---\n" + SOUND.replace("summit]", "sumit]"))
    (tmp_path / "a.yaml").write_text(changed("actor", "actr").replace("launch-summit", "a") + "x: 1\n")
    (tmp_path / "notes.txt").write_text("not a pattern")
    with pytest.raises(BrokenPatterns) as broken:
        load_patterns([tmp_path], DEFAULT_EVENT_TYPES)
    places = [(Path(p.file).name, p.line, p.field) for p in broken.value.problems]
    assert places == [
        ("a.yaml", 6, "correlation.group-by[0]"),
        ("a.yaml", 8, "x"),
        ("b.yaml", 7, "correlation.timespan"),
        ("c.yml", 10, "id"),
        ("c.yml", 13, "correlation.rules[1]"),
    ]
    assert "5 mistakes in the patterns; nothing was loaded" in str(broken.value)
    assert f"taken by the pattern at {tmp_path / 'sub' / 'c.yml'}:2:5" in str(broken.value)


def test_norway_is_a_country_and_not_a_truth_value(tmp_path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(changed("missile_launch", "x") + "rules:\n  x: {type: summit, actor: [NO]}\n")
    (pattern,) = load_patterns([file], DEFAULT_EVENT_TYPES).patterns
    assert pattern.selections[0].actors == {"NO"}


def test_an_event_type_of_ones_own_ontology_is_a_rule(tmp_path) -> None:
    types = EventTypes(DEFAULT_EVENT_TYPES.names | {"eclipse"}, DEFAULT_EVENT_TYPES.symmetric)
    assert problems(tmp_path, changed("summit]", "eclipse]"), types) == []


def test_single_words_may_stand_for_lists(tmp_path) -> None:
    text = changed("[actor]", "actor").replace("[missile_launch, summit]", "summit").replace("temporal", "event_count")
    assert problems(tmp_path, text + "  condition: {gt: 2}\n") == []


def test_aliases_are_shared_and_not_multiplied(tmp_path) -> None:
    doubled = (f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24))
    bomb = "a: &a [x, x]\n" + "".join(doubled)
    assert all("unknown key" in problem or "required" in problem for problem in problems(tmp_path, bomb))


def test_bytes_that_are_no_text_are_told(tmp_path) -> None:
    file = tmp_path / "p.yaml"
    file.write_bytes(b"title: \xff\xfe")
    _, (problem,), _ = check_patterns([file], DEFAULT_EVENT_TYPES)
    assert str(problem) == f"{file}:1:1: file: found byte 0xff; expected UTF-8 text"


def test_a_path_that_is_none_and_a_folder_without_patterns(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        load_patterns([tmp_path / "none"], DEFAULT_EVENT_TYPES)
    with pytest.raises(ConfigurationError, match="No pattern in"):
        load_patterns([tmp_path], DEFAULT_EVENT_TYPES)


def test_the_version_follows_what_bears_on_ringing_and_nothing_else(tmp_path) -> None:
    def version(text: str) -> str:
        file = tmp_path / "p.yaml"
        file.write_text(text)
        return load_patterns([file], DEFAULT_EVENT_TYPES).patterns[0].version

    assert version(SOUND) == version("# a comment\n" + SOUND + "references: [somewhere]\n")
    assert version(SOUND) != version(changed("48h", "47h"))
    assert version(SOUND) != version(SOUND + "level: high\n")


def test_the_published_schema_is_the_models() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), "run `python -m workers.watch.pattern_schema`"


@pytest.mark.parametrize("file", sorted((examples_dir() / "patterns").glob("*.yaml")), ids=lambda file: file.name)
def test_the_examples_fulfil_the_schema(file) -> None:
    validator = Draft202012Validator(json.loads(SCHEMA_FILE.read_text("utf-8")))
    for document in yaml.safe_load_all(file.read_text("utf-8")):
        plain = json.loads(json.dumps(document, default=lambda moment: moment.isoformat()))
        assert [error.message for error in validator.iter_errors(plain)] == []


def test_the_schema_finds_a_misspelt_key_and_takes_single_words() -> None:
    validator = Draft202012Validator(json.loads(SCHEMA_FILE.read_text("utf-8")))
    document = yaml.safe_load(SOUND)
    assert validator.is_valid(document)
    assert validator.is_valid({**document, "rules": {"x": {"type": "summit", "actor": "KP"}}})
    assert not validator.is_valid({**document, "levl": "high"})
    assert not validator.is_valid({**document, "rules": {"x": {"actor": "North Korea"}}})
