"""Words of the reading rules, from `lexicon.yaml`: roles, reporting, status, boilerplate. No rules live here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workers.yamlfile import read_shipped, texts

LEXICON = Path(__file__).with_name("lexicon.yaml")


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Sections of word lists. `words("status", "modal")` is a set of lemmas; an unknown name is a KeyError."""

    sections: Mapping[str, Mapping[str, frozenset[str]]]

    def words(self, section: str, name: str) -> frozenset[str]:
        """The words of one list."""
        return self.sections[section][name]


@cache
def lexicon() -> Lexicon:
    """The lexicon that ships with Tocsin, read once."""
    return Lexicon(
        {
            section: {name: frozenset(word.lower() for word in texts(words)) for name, words in lists.items()}
            for section, lists in read_shipped(LEXICON).value.items()
        }
    )
