"""Matchers over the labels of an alert, in Alertmanager's words: `actor=KP`, `level!=low`, `pattern=~launch-.*`. Pure.

A label of several values (an alert about two actors has two values of `actor`) is equal to a value if one of its values
is, and unequal if none is. A label that an alert does not have is the empty text. Regular expressions match the whole.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import regex

from topics.alerts import Alert
from topics.silences import Matcher, Operator

Labels = Mapping[str, tuple[str, ...]]
"""Label to its values, sorted; a label without values is left out."""

LABELS = ("pattern", "level", "tag", "title", "alert", "actor", "place", "story", "article", "entity", "receiver")
"""`alert` is its id; from `actor` on to `entity`: what a pattern groups by. `receiver`: who would be told."""

LONGEST_VALUE = 500
LONGEST_SECONDS = 0.05
"""For one value; an expression such as `(\\w+)+ x` doubles its time with every letter."""

_UNREADABLE = (regex.error, RecursionError, OverflowError, MemoryError)
"""What compiling an expression may raise: `(`, a thousand parentheses, `a{99999999999}`."""

_MATCHER = re.compile(r"^\s*([A-Za-z_][A-Za-z0-9_-]*)\s*(=~|!~|!=|=)\s*(.*?)\s*$", re.DOTALL)
_OPERATORS: Mapping[str, Operator] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}


class MatcherError(ValueError):
    """Text that is no matcher; the message says what was found and what is allowed."""


def parse_matcher(text: str) -> Matcher:
    """`name=value`, `name!=value`, `name=~regex`, `name!~regex`; a value may stand in quotes. Raises MatcherError."""
    found = _MATCHER.match(text)
    if found is None:
        raise MatcherError(f"{text!r} is no matcher; expected name=value, name!=value, name=~regex or name!~regex")
    name, operator, value = found.groups()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return checked(Matcher(name=name, operator=_OPERATORS[operator], value=value))


def checked(matcher: Matcher) -> Matcher:
    """`matcher`, if its name and value can be used. Raises MatcherError."""
    if matcher.name not in LABELS:
        near = difflib.get_close_matches(matcher.name, LABELS, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise MatcherError(f"{matcher}: {matcher.name!r} is no label{meant}; there are: {', '.join(LABELS)}")
    if len(matcher.value) > LONGEST_VALUE:
        raise MatcherError(f"{matcher.name}: a value of {len(matcher.value)} characters; at most {LONGEST_VALUE}")
    if matcher.operator in ("=~", "!~"):
        try:
            _compiled(matcher.value)
        except _UNREADABLE as error:
            raise MatcherError(f"{matcher}: not a regular expression: {error}") from None
    return matcher


def labels_of(alert: Alert, receiver: str = "") -> Labels:
    """What matchers are asked about. `group-by` fields of the pattern are labels of their own."""
    found: dict[str, Iterable[str]] = {
        **alert.group,
        "pattern": (alert.pattern_id,),
        "level": (alert.level,),
        "tag": alert.tags,
        "title": (alert.title,),
        "alert": (alert.id,),
        "receiver": (receiver,),
    }
    sets = ((name, tuple(sorted({value for value in values if value}))) for name, values in found.items())
    return {name: values for name, values in sets if values}


def matches(matcher: Matcher, labels: Labels) -> bool:
    """Whether `matcher` holds."""
    values = labels.get(matcher.name) or ("",)
    match matcher.operator:
        case "=":
            return matcher.value in values
        case "!=":
            return matcher.value not in values
        case "=~":
            return _found(matcher.value, values) is True
        case "!~":
            return _found(matcher.value, values) is False


def _found(expression: str, values: Iterable[str]) -> bool | None:
    """Whether one of `values` matches. None if nobody can say: then nothing is muted by it.

    That is so for an expression that this version cannot read, though another may have written it, and for one that
    tries for too long: a silence must not keep every receiver waiting.
    """
    try:
        pattern = _compiled(expression)
        return any(pattern.fullmatch(value, timeout=LONGEST_SECONDS) is not None for value in values)
    except (TimeoutError, *_UNREADABLE):
        return None


def match_all(matchers: Iterable[Matcher], labels: Labels) -> bool:
    """Whether all of them hold."""
    return all(matches(matcher, labels) for matcher in matchers)


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(pattern, regex.DOTALL)
