"""Matchers: how they are read, refused and asked; and what makes a silence."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.samples import NOON, make_alert
from topics.silences import Matcher, Operator
from workers.notify.matchers import LABELS, MatcherError, labels_of, matches, parse_matcher
from workers.notify.silences import SilenceError, expired, is_over, latest, new_silence, silencing, state_of

ALERT = make_alert("al1", tags=("asia", "night"), group={"actor": ("KP", "RU"), "place": ()})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("actor=KP", True), ("actor=RU", True), ("actor=JP", False), ("actor!=JP", True), ("actor!=KP", False),
        ("level=high", True), ("level!=high", False), ("level=~high|critical", True), ("level!~low|medium", True),
        ("pattern=~launch-.*", True), ("pattern=~launch", False), ("tag=night", True), ("tag!=night", False),
        ("place=", True), ("place!=JP", True), ("place=~.+", False), ("story!~.+", True), ("alert=al1", True),
        ("receiver=ops", True), ("receiver!~ops|desk", False), ('title="Launch plus summit"', True),
        ("title=~(?s).*", True),
        ("actor=~K.|R.", True), ("actor!~K.", False), (" actor =  KP ", True), ("actor='KP'", True),
    ],
)  # fmt: skip
def test_what_holds(text: str, holds: bool) -> None:
    assert matches(parse_matcher(text), labels_of(ALERT, "ops")) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("actor", "'actor' is no matcher; expected name=value, name!=value, name=~regex or name!~regex"),
        ("=KP", "'=KP' is no matcher; expected name=value, name!=value, name=~regex or name!~regex"),
        ("aktor=KP", "aktor=KP: 'aktor' is no label (did you mean 'actor'?); there are: " + ", ".join(LABELS)),
        ("zzz=1", "zzz=1: 'zzz' is no label; there are: " + ", ".join(LABELS)),
        ("actor=~(", "actor=~(: not a regular expression: missing ) at position 1"),
        ("actor=" + "x" * 501, "actor: a value of 501 characters; at most 500"),
    ],
)
def test_what_is_no_matcher(text: str, message: str) -> None:
    with pytest.raises(MatcherError) as caught:
        parse_matcher(text)
    assert str(caught.value) == message


@given(st.sampled_from(LABELS), st.text(max_size=30), st.sampled_from(["=", "!="]))
def test_an_unequal_matcher_is_the_opposite_of_an_equal_one(name: str, value: str, operator: str) -> None:
    one = Matcher(name=name, operator="=", value=value)
    other = Matcher(name=name, operator="!=", value=value)
    assert matches(one, labels_of(ALERT, "ops")) is not matches(other, labels_of(ALERT, "ops"))


def made(*texts: str, **more: object):
    given = {
        "starts_at": NOON, "ends_at": NOON + timedelta(hours=2), "created_by": "ana", "comment": "drill", "now": NOON,
        **more,
    }  # fmt: skip
    return new_silence("s1", [parse_matcher(text) for text in texts], **given)  # type: ignore[arg-type]  # as the case says


@pytest.mark.parametrize(
    ("texts", "more", "message"),
    [
        ((), {}, "a silence needs a matcher, such as actor=KP or pattern=launch-plus-summit"),
        (("actor!=KP",), {},
         ("actor!=KP: it would match alerts that have none of these labels; at least one matcher must "
         "ask for a value")),
        (("actor=~.*", "level!=low"), {},
         ("actor=~.* level!=low: it would match alerts that have none of these labels; at "
         "least one matcher must ask for a value")),
        (("actor=KP",), {"ends_at": NOON}, ("it would end at 2026-03-01 12:00:00Z, before it begins at "
         "2026-03-01 12:00:00Z")),
        (("actor=KP",), {"now": NOON + timedelta(hours=3)}, "it would have ended already, at 2026-03-01 14:00:00Z"),
        (("actor=KP",), {"ends_at": NOON + timedelta(days=366)}, "it would hold for 366 days; at most 365"),
        (("actor=KP",), {"comment": " "}, ("comment: expected a word or more; whoever is woken asks "
         "why this was silent")),
        (("actor=KP",), {"created_by": ""}, ("created by: expected a word or more; whoever is woken "
         "asks why this was silent")),
        (("actor=KP",), {"comment": "x" * 1001}, "comment: 1001 characters; at most 1000"),
    ],
)  # fmt: skip
def test_what_is_no_silence(texts: tuple[str, ...], more: dict[str, object], message: str) -> None:
    with pytest.raises(SilenceError) as caught:
        made(*texts, **more)
    assert str(caught.value) == message


def test_it_holds_from_its_start_up_to_its_end() -> None:
    silence = made("actor=KP", starts_at=NOON + timedelta(hours=1))
    labels = labels_of(ALERT)
    for hours, state, holds in (
        (0.5, "pending", False),
        (1, "active", True),
        (1.99, "active", True),
        (2, "expired", False),
    ):
        now = NOON + timedelta(hours=hours)
        assert state_of(silence, now) == state
        assert (silencing([silence], labels, now) is not None) is holds
    assert not is_over(silence, NOON + timedelta(days=5))
    assert is_over(silence, NOON + timedelta(days=5, hours=2))


def test_of_several_the_last_to_end_is_named() -> None:
    short, long = (
        made("actor=KP"),
        made("level=high", ends_at=NOON + timedelta(hours=5)).model_copy(update={"id": "s2"}),
    )
    found = silencing([long, short], labels_of(ALERT), NOON)
    assert found is not None
    assert found.id == "s2"


def test_the_last_word_counts_and_ending_twice_is_told() -> None:
    first = made("actor=KP")
    later = expired(first, NOON + timedelta(minutes=1))
    assert latest([later, first])["s1"] == later == latest([first, later])["s1"]
    with pytest.raises(SilenceError, match=r"silence s1 has ended already, at 2026-03-01 12:01:00Z"):
        expired(later, NOON + timedelta(minutes=2))
    early = expired(made("actor=KP", starts_at=NOON + timedelta(hours=1)), NOON)
    assert state_of(early, NOON) == "expired"


@pytest.mark.parametrize("operator", ["=~", "!~"])
def test_an_expression_that_cannot_be_read_mutes_nothing_and_stops_nothing(operator: Operator) -> None:
    # As another version of Python may have written it into the topic of silences.
    assert not matches(Matcher(name="title", operator=operator, value="(launch"), {"title": ("launch",)})


@pytest.mark.parametrize("pattern", ["(", "a{99999999999999}", "(" * 499])
def test_an_expression_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(MatcherError, match="not a regular expression"):
        parse_matcher(f"title=~{pattern}")


@pytest.mark.parametrize("operator", ["=~", "!~"])
@pytest.mark.parametrize("expression", [r"(\w+)+ summit", r"(a|a)*b", r"(.*a){25}b"])
def test_an_expression_that_tries_for_ever_keeps_nobody_waiting(operator: Operator, expression: str) -> None:
    slow = Matcher(name="title", operator=operator, value=expression)
    begun = time.monotonic()
    matches(slow, {"title": ("a" * 400,)})
    assert time.monotonic() - begun < 5


def test_what_nobody_can_say_mutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.notify.matchers.LONGEST_SECONDS", 1e-9)
    for operator in ("=~", "!~"):
        assert not matches(Matcher(name="title", operator=operator, value=r"(.*a){25}b"), {"title": ("a" * 400,)})
