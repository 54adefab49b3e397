"""`spacy.load` without what it does twice: half of its time."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from itertools import chain
from pathlib import Path
from typing import Any

import catalogue
import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer  # type: ignore[import-not-found]  # compiled, and without types
from spacy.util import get_package_path, load_config, registry

_BARE = "tocsin.BareTokenizer.v1"
_USUAL = "spacy.Tokenizer.v1"


def load_model(name: str) -> Language:
    """`spacy.load(name)`. Raises what that raises."""
    _group_entry_points()
    config: dict[str, Any] = {"nlp": {"tokenizer": {"@tokenizers": _BARE}}} if _keeps_its_tokenizer(name) else {}
    return spacy.load(name, config=config)


def _group_entry_points() -> None:
    """Have registries find other packages' entry points by their group, not by going through all of them each time."""
    every: Any = catalogue.AVAILABLE_ENTRY_POINTS
    if type(every) is not dict:  # Python 3.11 has a dict of its own, later ones a list
        groups: dict[str, list[EntryPoint]] = {}
        for point in chain.from_iterable(dict.values(every)) if isinstance(every, dict) else every:
            groups.setdefault(point.group, []).append(point)
        catalogue.AVAILABLE_ENTRY_POINTS = groups


def _keeps_its_tokenizer(name: str) -> bool:
    """Has the model spaCy's usual tokenizer in a file, from which all its rules are read anyway?

    spaCy makes it from the rules of the language first, which are then thrown away.
    """
    try:
        folder = Path(name) if "/" in name or Path(name).is_dir() else get_package_path(name)
        config = next(iter(sorted(folder.glob("*/config.cfg"))), folder / "config.cfg")
        usual = load_config(config)["nlp"]["tokenizer"] == {"@tokenizers": _USUAL}
    except (OSError, ValueError, KeyError, ImportError):
        return False  # what is wrong with it is said when it is loaded
    return usual and (config.parent / "tokenizer").is_file()


def _bare_tokenizer() -> Callable[[Language], Tokenizer]:
    """A tokenizer without rules, which a model's file gives it."""
    return lambda nlp: Tokenizer(nlp.vocab)


registry.tokenizers(_BARE, func=_bare_tokenizer)
