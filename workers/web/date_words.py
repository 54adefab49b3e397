"""Names of months in many languages, from CLDR by Babel, and abbreviations of time zones. Pure."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from functools import cache

LANGUAGES = (
    "en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "be", "cs", "sk", "sl", "hr", "sr", "bs", "bg", "mk",
    "ro", "hu", "fi", "et", "lv", "lt", "sv", "nb", "nn", "da", "is", "el", "tr", "ca", "eu", "gl", "ga", "cy", "sq",
    "az", "kk", "ar", "fa", "ur", "he", "hi", "bn", "ta", "te", "id", "ms", "vi", "th", "sw", "af",
)  # fmt: skip
"""Languages whose names are known. One name may be two months: listopad is November in Polish, October in Croatian."""

_PREFIX = 3
"""Many programs cut a month's name to three letters, in any language."""

_MONTHS_BY_HAND = {"sept": 9}

_HOURS: dict[str, float] = {
    "z": 0, "ut": 0, "utc": 0, "gmt": 0, "wet": 0, "west": 1, "bst": 1, "cet": 1, "mez": 1, "met": 1, "cest": 2,
    "mesz": 2, "mest": 2, "eet": 2, "eest": 3, "sast": 2, "cat": 2, "wat": 1, "eat": 3, "msk": 3, "msd": 4, "trt": 3,
    "gst": 4, "irst": 3.5, "pkt": 5, "ist": 5.5, "npt": 5.75, "wib": 7, "ict": 7, "hkt": 8, "sgt": 8, "pht": 8,
    "awst": 8, "jst": 9, "kst": 9, "acst": 9.5, "acdt": 10.5, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13,
    "nst": -3.5, "ndt": -2.5, "ast": -4, "adt": -3, "est": -5, "edt": -4, "et": -5, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "brt": -3, "art": -3, "clt": -4, "cot": -5,
    "pet": -5, "at": -4, "ct": -6, "mt": -7, "pt": -8,
}  # fmt: skip
_LOCAL_HOURS: dict[tuple[str, str], float] = {
    ("cst", "zh"): 8, ("ist", "he"): 2, ("ist", "ga"): 1, ("ist", "en-ie"): 1, ("ast", "ar"): 3, ("bst", "bn"): 6,
}  # fmt: skip


def month_of(word: str, language: str = "") -> int | None:
    """The month (1 to 12) that `word`, in lower case, names in the feed's language or in English, or None."""
    name = bare(word)
    own = language.partition("-")[0].partition("_")[0]
    for each in (*([own] if own in LANGUAGES else []), "en"):
        if (month := _months(each).get(name)) is not None:
            return month
    return _MONTHS_BY_HAND.get(name)


def month_anywhere(word: str) -> int | None:
    """The month that `word` names in whatever language. None if it is none, or if languages differ about it."""
    return _anywhere().get(bare(word))


def zone_of(word: str, language: str = "") -> timedelta | None:
    """The offset of a zone's abbreviation, in lower case; the feed's language tells which of two is meant."""
    for each in (language, language.partition("-")[0]):
        if (word, each) in _LOCAL_HOURS:
            return timedelta(hours=_LOCAL_HOURS[word, each])
    hours = _HOURS.get(word)
    return None if hours is None else timedelta(hours=hours)


@cache
def _months(language: str) -> dict[str, int]:
    from babel.dates import get_month_names  # noqa: PLC0415 - slow to import, and most dates are in numbers

    found: dict[str, int] = {}
    wide: list[tuple[str, int]] = []
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for month, name in get_month_names(width, context, language).items():
                plain = bare(name)
                if plain.isalpha():
                    found.setdefault(plain, int(month))
                    wide.append((plain[:_PREFIX], int(month)))
    for prefix, month in wide:
        if len(prefix) == _PREFIX and {m for p, m in wide if p == prefix} == {month}:
            found.setdefault(prefix, month)
    return found


@cache
def _anywhere() -> dict[str, int]:
    meant: dict[str, set[int]] = {}
    for language in LANGUAGES:
        for name, month in _months(language).items():
            meant.setdefault(name, set()).add(month)
    return {name: months.pop() for name, months in meant.items() if len(months) == 1}


def bare(name: str) -> str:
    """Without accents and other marks, dots and case, as half of all programs write it."""
    decomposed = unicodedata.normalize("NFD", name.lower().strip(" ."))
    return "".join(each for each in decomposed if not unicodedata.category(each).startswith("M"))
