"""Texts before the parse: boilerplate, datelines, case, languages, names of countries."""

from __future__ import annotations

import pytest
import spacy
from spacy.strings import get_string_id

from workers.annotate.boilerplate import is_boilerplate
from workers.annotate.characters import clean
from workers.annotate.gazetteer import build_gazetteer, slug
from workers.annotate.headlines import recase
from workers.annotate.language import detect_language
from workers.annotate.text import prepare_text

NLP = spacy.blank("en")


def tokens(text: str) -> list[str]:
    return [token.text for token in NLP.make_doc(text)]


@pytest.mark.parametrize(
    "line", ["Read more", "Subscribe now", "Advertisement", "Copyright 2024 Example", "Follow us on X"]
)
def test_boilerplate_is_known(line: str) -> None:
    assert is_boilerplate(line)


@pytest.mark.parametrize(
    "line",
    [
        "Donated food reached the city on Monday.",
        "Relations between the two countries were cut.",
        "Sources in the ministry told reporters that the army of the north had crossed the river on the way to town.",
        "Register offices in Paris closed on Tuesday because of a strike by clerks who want more pay and shorter days.",
    ],
)
def test_a_sentence_is_not_boilerplate(line: str) -> None:
    assert not is_boilerplate(line)


def test_cleaning_keeps_the_length() -> None:
    raw = "“Quoted”\u00a0text’s\u200b end\ud83d \x07" + "y" * 500
    assert len(clean(raw)) == len(raw)


def test_wrapped_lines_are_one_paragraph_and_others_are_not() -> None:
    wrapped = "The army said on Monday that its troops had crossed the\nriver and that the bridge was in its hands.\n"
    assert len(prepare_text(wrapped).segments) == 1
    assert len(prepare_text("One sentence here.\nAnother sentence there.\n").segments) == 2


def test_a_line_without_a_stop_between_paragraphs_is_a_heading() -> None:
    part = prepare_text(
        "A first paragraph with words.\nMissile launch in Asia\nA second paragraph that goes on for longer."
    )
    assert [segment.heading for segment in part.segments] == [False, True, False]


def test_capitals_get_the_case_of_the_body() -> None:
    body = "The talks of Iran and Oman went on. Envoys of Iran left Muscat on Monday."
    assert recase("IRAN TALKS GO ON IN MUSCAT", body) == "Iran talks go on in Muscat"


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("The minister of the interior said that it was over.", "en"),
        ("Biden, Xi meet", "en"),
        ("QTLY DIV 17.4 CTS VS 16.9 CTS PRIOR", "en"),
        ("Der Minister sagte am Montag, dass die Gespräche nicht zu Ende sind.", "de"),
        ("Le ministre a dit que les négociations ne sont pas terminées.", "fr"),
        ("朝鲜发射导弹", "zh"),
        ("12345 !?", None),
        ("", None),
    ],
)
def test_languages_are_told_apart(text: str, lang: str | None) -> None:
    assert detect_language(text) == lang


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("North Korean troops", ["KP"]),
        ("the DPRK and the Republic of Korea", ["KP", "KR"]),
        ("South American envoys in New Mexico", []),
        ("the White House and the Kremlin", ["US", "RU"]),
        ("Türkiye, Turkey and Turks", ["TR", "TR", "TR"]),
        ("Ivory Coast and Côte d’Ivoire", ["CI", "CI"]),
        ("U.S. and UK officials", ["US", "GB"]),
        ("Bosnia and Herzegovina", ["BA"]),
        ("Papua New Guinea and Guinea", ["PG", "GN"]),
        ("tell us about turkey", []),
        ("the UN Security Council", ["organisation:united-nations-security-council"]),
    ],
)
def test_the_gazetteer_takes_the_longest_name(text: str, ids: list[str]) -> None:
    gazetteer = build_gazetteer(tokens)
    found = gazetteer.find([get_string_id(word) for word in tokens(clean(text))])
    assert [entry.id for _, _, entry in found if entry.id] == ids


def test_slugs_are_plain() -> None:
    assert slug("Élysée Palace") == "elysee-palace"
    assert slug("…") == "unnamed"
