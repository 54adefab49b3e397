"""Conditions over rules, as a pattern writes them: `launch and (summit or talks) and not denial`. Pure.

A condition is kept as its clauses: ways of being met, each a set of rules that must be there and a set that must not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_CLAUSES = 64
"""A condition with more ways of being met is refused: nobody could tell why it rang."""

MAX_DEPTH = 50
"""So deep may parentheses and `not` be nested."""

_TOKEN = re.compile(r"\s*(?:(?P<name>[A-Za-z0-9_][A-Za-z0-9_-]*)|(?P<mark>[()])|(?P<bad>\S))")
_WORDS = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class Clause:
    """One way of meeting a condition: all of `present` there, none of `absent`."""

    present: frozenset[str]
    absent: frozenset[str] = frozenset()


class ConditionError(ValueError):
    """A condition that cannot be read. `at` is the place in the text, counted from 0."""

    def __init__(self, found: str, allowed: str, at: int) -> None:
        super().__init__(f"found {found}, expected {allowed}")
        self.found, self.allowed, self.at = found, allowed, at


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    at: int
    is_name: bool


def parse_condition(text: str) -> tuple[Clause, ...]:
    """The clauses of `text`, smallest first, those that another makes needless left out. Raises ConditionError.

    >>> [sorted(c.present) for c in parse_condition("a and (b or c)")]
    [['a', 'b'], ['a', 'c']]
    """
    tokens = _tokens(text)
    clauses = _Parser(tokens, len(text)).parsed()
    positive = [clause for clause in clauses if not clause.present & clause.absent]
    needed = [c for c in positive if not any(_implies(c, other) for other in positive if other != c)]
    return tuple(sorted(needed, key=lambda c: (len(c.present) + len(c.absent), sorted(c.present), sorted(c.absent))))


def names_in(text: str) -> list[tuple[str, int]]:
    """The rules that `text` names, with their places, whether or not it can be read."""
    return [(t.text, t.at) for t in _tokens(text, strict=False) if t.is_name]


def _implies(clause: Clause, other: Clause) -> bool:
    """Does meeting `clause` always mean meeting `other`?"""
    return other.present <= clause.present and other.absent <= clause.absent


def _tokens(text: str, *, strict: bool = True) -> list[_Token]:
    found: list[_Token] = []
    for match in _TOKEN.finditer(text):
        if match["bad"] is not None:
            if strict:
                raise ConditionError(
                    repr(match["bad"]), "rules joined by and, or, not and parentheses", match.start("bad")
                )
            continue
        kind = "name" if match["name"] is not None else "mark"
        word = match[kind]
        found.append(_Token(word, match.start(kind), kind == "name" and word.lower() not in _WORDS))
    return found


class _Parser:
    """Recursive descent: `or` binds weakest, then `and`, then `not`. Every part is a list of clauses."""

    def __init__(self, tokens: Sequence[_Token], end: int) -> None:
        self._tokens = tokens
        self._end = end
        self._next = 0
        self._depth = 0

    def parsed(self) -> list[Clause]:
        clauses = self._either(negated=False)
        if self._next < len(self._tokens):
            token = self._tokens[self._next]
            raise ConditionError(repr(token.text), "and, or, or the end", token.at)
        return clauses

    def _word(self) -> str | None:
        if self._next >= len(self._tokens) or self._tokens[self._next].is_name:
            return None
        return self._tokens[self._next].text.lower()

    def _either(self, *, negated: bool) -> list[Clause]:
        parts = [self._both(negated=negated)]
        while self._word() == "or":
            self._next += 1
            parts.append(self._both(negated=negated))
        return self._product(parts) if negated else self._sum(parts)

    def _both(self, *, negated: bool) -> list[Clause]:
        parts = [self._one(negated=negated)]
        while self._word() == "and":
            self._next += 1
            parts.append(self._one(negated=negated))
        return self._sum(parts) if negated else self._product(parts)

    def _one(self, *, negated: bool) -> list[Clause]:
        if self._next >= len(self._tokens):
            raise ConditionError("the end", "a rule, not, or a parenthesis", self._end)
        token = self._tokens[self._next]
        self._next += 1
        if token.is_name:
            name = frozenset({token.text})
            return [Clause(frozenset(), name) if negated else Clause(name)]
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ConditionError(f"more than {MAX_DEPTH} parentheses and `not`", "a simpler condition", token.at)
        if token.text.lower() == "not":
            return self._one(negated=not negated)
        if token.text == "(":
            inside = self._either(negated=negated)
            if self._word() != ")":
                at = self._tokens[self._next].at if self._next < len(self._tokens) else self._end
                found = repr(self._tokens[self._next].text) if self._next < len(self._tokens) else "the end"
                raise ConditionError(found, "and, or, or a closing parenthesis", at)
            self._next += 1
            return inside
        raise ConditionError(repr(token.text), "a rule, not, or an opening parenthesis", token.at)

    @staticmethod
    def _sum(parts: Sequence[list[Clause]]) -> list[Clause]:
        return _bounded([clause for part in parts for clause in part])

    @staticmethod
    def _product(parts: Sequence[list[Clause]]) -> list[Clause]:
        made = [Clause(frozenset())]
        for part in parts:
            made = _bounded([Clause(a.present | b.present, a.absent | b.absent) for a in made for b in part])
        return made


def _bounded(clauses: list[Clause]) -> list[Clause]:
    unique = list(dict.fromkeys(clauses))
    if len(unique) > MAX_CLAUSES:
        raise ConditionError(f"{len(unique)} ways of being met", f"at most {MAX_CLAUSES}; split the pattern", 0)
    return unique
