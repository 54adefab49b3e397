"""Texts as no newspaper writes them: news mutated by a seeded generator, and giants of every kind."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from topics.annotations import Annotation, Span
from topics.articles import Article

EXAMPLES = Path(__file__).parents[3] / "deploy/examples/archive/wire.jsonl"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

_Mutation = Callable[[random.Random, str], str]

_CONTROLS = "".join(map(chr, [*range(32), 127, *range(128, 160)]))
_INVISIBLE = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u2066\u2069\ufeff\ufffd\u2028\u2029\u0000"
_FAR = "שלום عليكم 平壌 ミサイル 미사일 ракета 🚀🇰🇵👩‍👩‍👧 İıßﬁ Ǻ̂̃ \U0001d4d0\U0001d4d1"
_HTML = ["<p>", "</p>", "<br/>", "<script>var a = '<b>';</script>", "&nbsp;", "&#8217;", "<!-- ad -->", "<a href='#'>"]
_QUOTES = "\"'“”‘’«»„`′″"
_PUNCTUATION = ".,;:!?-–—()[]{}…/\\|@#$%^&*_+=<>~"
_LONG = ["x" * 99, "x" * 101, "a-" * 400, "http://x.example/" + "q" * 90]
_DATES = ["May 14", "2019", "last month", "on Tuesday", "1,000,000", "3.5%", "0000-00-00", "31/02/2024", "year 99999"]


def _insert(characters: str) -> _Mutation:
    def mutate(dice: random.Random, text: str) -> str:
        letters = list(text)
        for _ in range(dice.randint(1, 20)):
            letters.insert(dice.randint(0, len(letters)), dice.choice(characters))
        return "".join(letters)

    return mutate


def _insert_words(words: list[str]) -> _Mutation:
    def mutate(dice: random.Random, text: str) -> str:
        found = text.split(" ")
        for _ in range(dice.randint(1, 15)):
            found.insert(dice.randint(0, len(found)), dice.choice(words))
        return " ".join(found)

    return mutate


def _shuffle(dice: random.Random, text: str) -> str:
    words = text.split(" ")
    dice.shuffle(words)
    return " ".join(words)


def _mojibake(dice: random.Random, text: str) -> str:
    wrong = text.replace("'", "’").replace('"', "“").encode("utf-8", "replace").decode("cp1252", "replace")
    return wrong if dice.random() < 0.5 else text.encode("utf-16-le", "replace").decode("latin-1")


def _cut(dice: random.Random, text: str) -> str:
    start = dice.randint(0, len(text))
    return text[start : start + dice.randint(0, len(text))]


def _repeat(dice: random.Random, text: str) -> str:
    start = dice.randint(0, len(text))
    piece = text[start : start + dice.randint(1, 60)]
    return text[:start] + piece * dice.randint(2, 30) + text[start:]


def _case(dice: random.Random, text: str) -> str:
    return dice.choice([str.upper, str.lower, str.title, str.swapcase])(text)


def _without_ends(dice: random.Random, text: str) -> str:
    return text.translate({ord(c): dice.choice([None, " ", "\n"]) for c in ".!?,;\n"})


def _lines(dice: random.Random, text: str) -> str:
    return "".join(c if c != " " or dice.random() < 0.7 else dice.choice(["\n", "\r\n", "\t", "\n\n\n"]) for c in text)


def _surrogates(dice: random.Random, text: str) -> str:
    at = dice.randint(0, len(text))
    return text[:at] + chr(dice.randint(0xD800, 0xDFFF)) + text[at:]


def _nested(dice: random.Random, text: str) -> str:
    depth = dice.randint(3, 40)
    opening, closing = dice.choice([("(", ")"), ("“", "”"), ("that he said ", ""), ("of the ", "")])
    return opening * depth + text + closing * depth


MUTATIONS: tuple[_Mutation, ...] = (
    _insert(_CONTROLS), _insert(_INVISIBLE), _insert(_FAR), _insert(_QUOTES), _insert(_PUNCTUATION),
    _insert_words(_HTML), _insert_words(_DATES), _insert_words(_LONG),
    _shuffle, _mojibake, _cut, _repeat, _case, _without_ends, _lines, _surrogates, _nested,
)  # fmt: skip


def mutated(count: int, seed: int) -> Iterator[Article]:
    """`count` articles: the sample archive's, each changed in one to four ways. The same for the same seed."""
    dice = random.Random(seed)
    rows = [json.loads(line) for line in EXAMPLES.read_text("utf-8").splitlines()]
    for number in range(count):
        row = dice.choice(rows)
        title, text = row["title"], row["text"][: dice.choice([80, 300, 300, 600])]
        for mutate in dice.choices(MUTATIONS, k=dice.randint(1, 4)):
            text = mutate(dice, text)
            title = mutate(dice, title) if dice.random() < 0.3 else title
        yield made(f"fuzz-{seed}-{number}", text, title)


def giants() -> dict[str, str]:
    """Texts that are too much of one thing."""
    sentence = "The president of North Korea said that he had fired a missile at a summit with Russia's leader, and "
    return {
        "a megabyte without a space": "x" * 1_000_000,
        "a megabyte without a space, with signs": "a-b.c/d_" * 125_000,
        "50,000 newlines": "Iran fired a missile." + "\n" * 50_000 + "Iran denied it.",
        "50,000 lines": "Iran fired a missile\n" * 50_000,
        "one sentence of 100,000 words": sentence * 5_000,
        "100,000 words without a stop": "missile " * 100_000,
        "names only": "Kim Jong Un Vladimir Putin Xi Jinping " * 15_000,
        "punctuation only": _PUNCTUATION * 20_000,
        "quotes only": _QUOTES * 30_000,
        "digits only": "0123456789" * 50_000,
        "numbers only": "12 345,678 " * 50_000,
        "dates only": "on May 14, 2019 last month " * 20_000,
        "weekdays only": "Tuesday " * 60_000,
        "brackets in brackets": "(" * 50_000 + "Iran fired a missile" + ")" * 50_000,
        "of the of the": "of the leader " * 50_000,
        "and and and": "talks between " + "Iran and Russia and " * 25_000,
        "that he said that he said": "he said that " * 40_000,
        "HTML": "<div class='a'><p>Iran &amp; Russia</p></div>" * 15_000,
        "emoji": "🚀🇰🇵👩‍👩‍👧" * 50_000,
        "right to left": "שלום عليكم " * 50_000,
        "combining marks": "e" + "\u0301" * 300_000,
        "zero width": "Iran\u200bfired\u200ba\u200bmissile\u200b" * 20_000,
        "control characters": _CONTROLS * 5_000,
        "null": "\0" * 500_000,
        "capitals": "IRAN FIRED A MISSILE AT RUSSIA. " * 20_000,
        "hyphens": "test-fire-" * 50_000,
        "apostrophes": "Iran's Russia's " * 30_000,
        "boilerplate": "Read Also: Subscribe now\n" * 30_000,
        "datelines": "SEOUL (Reuters) - " * 30_000,
        "dots": "." * 600_000,
        "initials": "U.S. U.N. E.U. " * 30_000,
        "urls": "https://news.example/a/b?c=d " * 20_000,
        "triggers": "fired launched attacked met signed denied warned " * 15_000,
    }


def made(identifier: str, text: str, title: str = "") -> Article:
    """An article of today."""
    return Article(id=identifier, revision="r", title=title, text=text, lang="en", published_at=NOW, fetched_at=NOW)


def wrong_offsets(article: Article, annotation: Annotation) -> list[Span]:
    """Spans whose words do not stand where they say."""
    spans: list[Span] = [mention for entity in annotation.entities for mention in entity.mentions]
    for event in annotation.events:
        spans += [event.trigger, event.sentence, *event.actor, *event.target]
    parts = {"title": article.title, "text": article.text}
    return [span for span in spans if parts[span.part][span.start : span.end] != span.text or span.start >= span.end]
