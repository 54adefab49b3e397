"""The words that decided a status are named, for `--explain`."""

from __future__ import annotations

from datetime import date

import pytest

from workers.annotate.frames import Frame
from workers.annotate.reader import Reader
from workers.annotate.setting import setting_of
from workers.annotate.status import judge
from workers.annotate.storytime import StoryTime
from workers.annotate.words import Sentence


@pytest.mark.parametrize(
    ("text", "word", "because"),
    [
        ("Iran may fire a missile.", "fire", "hypothetical: may"),
        ("Iran plans to fire a missile.", "fire", "future: plans"),
        ("Iran denied that it had fired a missile.", "fired", "negated: denied"),
        ("Iran fired a missile in 2019.", "fired", "historical: in 2019"),
        ("Iran fires a missile on Friday.", "fires", "future: Friday"),
    ],
)
def test_what_decided_is_named(reader: Reader, text: str, word: str, because: str) -> None:
    (doc,) = reader.pipeline.parses([reader.pipeline.nlp.make_doc(text)])
    sentence = Sentence.of(doc)
    token = next(t for t in sentence if t.text == word)
    setting = setting_of(sentence, date(2024, 5, 15), StoryTime)
    verdict = judge(Frame(token, (token,), "verb"), reader.ontology["missile_launch"], setting, carried=False)
    assert because in verdict.because
    assert verdict.status == because.split(":", maxsplit=1)[0]
