"""The sample archive and the example patterns, without reader, Kafka or Redis: their shape, and that they agree.

What must ring (`expected.json`) was decided from the stories. Here a plain oracle derives it once more from the events
that each story means (`meaning.jsonl`), so that the two cannot drift apart. The journey tests play the archive.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from workers.settings import examples_dir
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import load_patterns
from workers.watch.pattern_tests import described, run_tests, wished

ARCHIVE = examples_dir() / "archive"
PATTERNS = examples_dir() / "patterns"
SCHEMA_LINE = "# yaml-language-server: $schema=../../../workers/watch/pattern.schema.json"
INGEST = datetime(2026, 11, 1, tzinfo=UTC)
"""Any time after the archive's days will do: it is the event time of what has no date that can be believed."""

Row = dict[str, Any]


def read_lines(name: str) -> list[Row]:
    return [json.loads(line) for line in (ARCHIVE / name).read_text("utf-8").splitlines()]


WIRE = read_lines("wire.jsonl")
MEANING = read_lines("meaning.jsonl")
EXPECTED = json.loads((ARCHIVE / "expected.json").read_text("utf-8"))
DOCUMENTS = {
    document["id"]: document
    for path in sorted(PATTERNS.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text("utf-8"))
}


def moment(text: str | datetime) -> datetime:
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)


def of_kind(kind: str) -> list[int]:
    return [number for number, row in enumerate(MEANING) if kind in row["kinds"]]


def believed_time(row: Row) -> datetime:
    published = moment(row["published_at"]) if "published_at" in row else INGEST
    return min(published, INGEST)


def shingles(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


def likeness(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


class TestArchive:
    def test_it_is_large_and_varied_enough(self) -> None:
        assert len({row["id"] for row in WIRE}) >= 90
        assert len({row["source"] for row in WIRE}) == 12
        days = {moment(row["published_at"]).date() for row in WIRE if row.get("published_at", "").startswith("2026-03")}
        assert len(days) == 10

    def test_every_line_has_the_fields_of_an_article_and_no_others(self) -> None:
        wanted = {"id", "title", "text", "published_at", "source", "url"}
        for row in WIRE:
            assert set(row) in (wanted, wanted - {"published_at"})
            assert all(isinstance(value, str) and value.strip() == value and value for value in row.values())

    def test_times_carry_their_zone(self) -> None:
        assert all(moment(row["published_at"]).tzinfo for row in WIRE if "published_at" in row)

    def test_each_article_has_a_url_of_its_own_on_its_outlets_host(self) -> None:
        by_url = {row["url"]: row["id"] for row in WIRE}
        assert len(by_url) == len({row["id"] for row in WIRE})
        hosts: dict[str, set[str]] = defaultdict(set)
        for row in WIRE:
            hosts[row["source"]].add(urlsplit(row["url"]).netloc)
            assert by_url[row["url"]] == row["id"]
        assert all(len(found) == 1 and next(iter(found)).endswith(".example") for found in hosts.values())

    def test_stories_have_the_length_of_news_unless_they_are_headlines(self) -> None:
        for row, meaning in zip(WIRE, MEANING, strict=True):
            words = len(row["text"].split())
            if "headline-only" in meaning["kinds"]:
                assert words < 20
            else:
                assert 80 <= words <= 300, row["id"]

    def test_revisions_share_an_id_and_change_the_text(self) -> None:
        versions = defaultdict(list)
        for row, meaning in zip(WIRE, MEANING, strict=True):
            versions[row["id"]].append(row)
            assert meaning["revision"] == len(versions[row["id"]])
            assert ("correction" in meaning["kinds"]) == (meaning["revision"] > 1)
        corrected = [rows for rows in versions.values() if len(rows) > 1]
        assert len(corrected) >= 4
        for first, second in corrected:
            assert first["text"] != second["text"]
            assert first["url"] == second["url"]

    def test_one_correction_takes_a_launch_back(self) -> None:
        [number] = of_kind("takes-back")
        first = next(row for row in MEANING if row["id"] == MEANING[number]["id"])
        assert "missile_launch" in {event["type"] for event in first["events"] if event["status"] == "actual"}
        assert "missile_launch" in MEANING[number]["not_actual"]

    def test_copies_are_nearly_equal_and_stand_in_other_outlets(self) -> None:
        texts = {row["id"]: row for row in reversed(WIRE)}
        families = defaultdict(list)
        for number in of_kind("copy"):
            copy, original = WIRE[number], texts[MEANING[number]["copy_of"]]
            families[original["id"]].append(copy["source"])
            assert copy["text"] != original["text"]
            assert likeness(copy["text"], original["text"]) >= 0.6, copy["id"]
            assert copy["source"] != original["source"]
            assert moment(copy["published_at"]) > moment(original["published_at"])
        assert len(families) >= 5
        assert all(2 <= len(sources) == len(set(sources)) <= 5 for sources in families.values())

    def test_other_stories_are_told_in_words_of_their_own(self) -> None:
        family = {row["id"]: row.get("copy_of", row["id"]) for row in reversed(MEANING)}
        for number, one in enumerate(WIRE):
            for other in WIRE[:number]:
                if family[one["id"]] != family[other["id"]]:
                    assert likeness(one["text"], other["text"] + " and so it went on") < 0.1

    def test_look_alikes_are_many_and_mean_no_launch_no_summit_and_no_attack(self) -> None:
        found = of_kind("look-alike")
        assert len(found) >= 10
        for number in found:
            assert MEANING[number]["not_actual"]
            assert not actual_types(MEANING[number]) & {"missile_launch", "summit", "armed_attack", "nuclear_test"}

    def test_file_order_is_event_order_but_for_the_late_the_undated_and_the_misdated(self) -> None:
        irregular = {*of_kind("late"), *of_kind("undated"), *of_kind("dated-in-the-future"), *of_kind("correction")}
        regular = [row for number, row in enumerate(WIRE) if number not in irregular]
        steps = [moment(b["published_at"]) - moment(a["published_at"]) for a, b in pairwise(regular)]
        backwards = [step for step in steps if step < timedelta(0)]
        assert len(backwards) == 1, "one copy comes late"
        for number in of_kind("late"):
            newest = max(believed_time(row) for row in WIRE[:number] if believed_time(row) < INGEST)
            assert newest - moment(WIRE[number]["published_at"]) > timedelta(days=3)

    def test_it_has_every_kind_of_story(self) -> None:
        kinds = Counter(kind for row in MEANING for kind in row["kinds"])
        for kind in ("launch", "summit", "visit", "letter", "call", "display", "denial", "background", "plan", "threat",
                     "look-alike", "sanctions", "relief", "protest", "arrest", "attack", "ceasefire", "troops",
                     "exercise", "cyber", "disaster", "election", "leadership", "aid", "space", "copy", "correction",
                     "late", "undated", "dated-in-the-future", "non-english", "headline-only", "failed"):  # fmt: skip
            assert kinds[kind] >= 1, kind

    def test_meaning_has_one_row_for_each_line(self) -> None:
        assert [row["id"] for row in WIRE] == [row["id"] for row in MEANING]
        for row in MEANING:
            assert not actual_types(row) & set(row["not_actual"]), row["id"]


def actual_types(row: Row) -> set[str]:
    return {event["type"] for event in row["events"] if event["status"] == "actual"}


class TestPatterns:
    def test_there_are_enough_and_their_ids_name_them(self) -> None:
        assert len(DOCUMENTS) >= 7
        for path in PATTERNS.glob("*.yaml"):
            [first, *_] = yaml.safe_load_all(path.read_text("utf-8"))
            assert first["id"] == path.stem

    @pytest.mark.parametrize("path", sorted(PATTERNS.glob("*.yaml")), ids=lambda path: path.stem)
    def test_an_editor_finds_the_schema(self, path: Any) -> None:
        assert path.read_text("utf-8").splitlines()[0] == SCHEMA_LINE

    @pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
    def test_each_explains_itself_and_has_tests_that_ring_and_that_do_not(self, document: Row) -> None:
        for field in ("title", "description", "references", "falsepositives", "level", "correlation", "cooldown"):
            assert document[field]
        assert "receivers" not in document
        assert len(document["tests"]) >= 3
        assert any(test["expect"] for test in document["tests"])
        assert any(not test["expect"] for test in document["tests"])
        names = [test["name"] for test in document["tests"]]
        assert len(set(names)) == len(names)
        assert any(name.startswith("near miss") for name in names)
        assert any(name.startswith("edge") for name in names)

    def test_they_load_and_their_own_tests_pass(self) -> None:
        loaded = load_patterns([PATTERNS], DEFAULT_EVENT_TYPES)
        assert [pattern.id for pattern in loaded.patterns] == list(DOCUMENTS)
        for result in run_tests(loaded.patterns):
            missing, unexpected = map(wished, result.missing), map(described, result.unexpected)
            assert result.passed, (result.pattern.id, result.test.name, *missing, *unexpected)

    def test_most_patterns_ring_on_the_archive_and_all_have_near_misses_there(self) -> None:
        assert {alert["pattern"] for alert in EXPECTED["alerts"]} == set(DOCUMENTS)
        assert {name for trap in EXPECTED["must_not_ring"] for name in trap["patterns"]} == set(DOCUMENTS)


def span(text: str) -> timedelta:
    units = {"h": "hours", "d": "days"}
    return timedelta(**{units[text[-1]]: int(text[:-1])})


def events_of(document: Row) -> Iterator[tuple[datetime, str, str, tuple[str, ...]]]:
    """Time, article, rule and join value of every event that the pattern's rules select, of the newest revisions."""
    newest = {row["id"]: (row, meaning) for row, meaning in zip(WIRE, MEANING, strict=True)}
    correlation = document["correlation"]
    for row, meaning in newest.values():
        for event in meaning["events"]:
            for name in correlation["rules"]:
                rule = document.get("rules", {}).get(name, {"type": name})
                wanted = event["type"] == rule["type"] and event["status"] == "actual"
                if wanted and all(set(rule.get(role, event.get(role, [0]))) & set(event.get(role, [0]))
                                  for role in ("actor", "target")):  # fmt: skip
                    for value in joins(correlation.get("group-by", []), row["id"], event):
                        yield believed_time(row), row["id"], name, value


def joins(group_by: list[str], article: str, event: Row) -> list[tuple[str, ...]]:
    if not group_by:
        return [()]
    [field] = group_by
    held = {"article": [article], "actor": event.get("actor", []), "place": [event.get("place")]}[field]
    return [(value,) for value in held if value]


def oracle(document: Row) -> set[tuple[str, tuple[str, ...], str, tuple[str, ...]]]:
    """Pattern, join values, anchor and evidence of each alert, by trying every article as the last one."""
    correlation = document["correlation"]
    by_value = defaultdict(list)
    for time, article, rule, value in events_of(document):
        by_value[value].append((time, article, rule))
    fired: dict[tuple[str, tuple[str, ...]], set[str]] = defaultdict(set)
    for value, events in by_value.items():
        last = None
        for end in sorted({(time, article) for time, article, _ in events}):
            window = [e for e in events if e[:2] <= end and end[0] - e[0] < span(correlation["timespan"])]
            articles = sorted({e[:2] for e in window})
            if correlation["type"] == "event_count":
                complete = len(articles) >= correlation["condition"]["gte"]
            else:
                complete = {rule for *_, rule in window} == set(correlation["rules"])
            if complete and (last is None or end[0] - last >= span(document["cooldown"])):
                last = end[0]
                fired[end[1], tuple(article for _, article in articles)].update(value)
    return {(document["id"], tuple(sorted(values)), *key) for key, values in fired.items()}


class TestExpected:
    def test_it_follows_from_what_the_stories_mean(self) -> None:
        stated = {
            (
                alert["pattern"],
                tuple(value for values in alert["group"].values() for value in values),
                alert["anchor"],
                tuple(alert["evidence"]),
            )
            for alert in EXPECTED["alerts"]
        }
        assert stated == set().union(*(oracle(document) for document in DOCUMENTS.values()))

    def test_groups_are_named_by_the_pattern(self) -> None:
        for alert in (*EXPECTED["alerts"], *EXPECTED["taken_back"]):
            assert list(alert["group"]) == DOCUMENTS[alert["pattern"]]["correlation"].get("group-by", [])

    def test_only_articles_of_the_archive_are_named_and_each_case_says_why(self) -> None:
        known = {row["id"] for row in WIRE}
        for alert in (*EXPECTED["alerts"], *EXPECTED["taken_back"]):
            assert {alert["anchor"], *alert["evidence"]} <= known
            assert len(alert["why"]) > 20
        for trap in EXPECTED["must_not_ring"]:
            assert set(trap["articles"]) <= known
            assert len(trap["why"]) > 10

    def test_no_alert_rests_on_a_look_alike(self) -> None:
        traps = {WIRE[number]["id"] for kind in ("look-alike", "non-english", "undated") for number in of_kind(kind)}
        assert not traps & {article for alert in EXPECTED["alerts"] for article in alert["evidence"]}

    def test_the_alert_that_was_taken_back_stood_before_its_correction(self) -> None:
        [taken_back] = EXPECTED["taken_back"]
        stands = {(alert["pattern"], alert["anchor"]) for alert in EXPECTED["alerts"]}
        assert (taken_back["pattern"], taken_back["anchor"]) not in stands
        order = [(row["id"], row["revision"]) for row in MEANING]
        assert order.index((taken_back["anchor"], 1)) < order.index(("mw-0306-poyraz", 2))

    def test_a_late_alert_is_completed_out_of_order(self) -> None:
        late = {WIRE[number]["id"] for number in of_kind("late")}
        for alert in EXPECTED["alerts"]:
            if alert.get("late"):
                assert late & set(alert["evidence"])
