"""What an annotation promises: offsets, order, titles, boilerplate, languages; and that no text breaks the reader."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from topics.annotations import Annotation, Span
from topics.articles import Article
from workers.annotate.reader import Reader
from workers.errors import ConfigurationError

Read = Callable[..., Annotation]
PUBLISHED = datetime(2024, 5, 15, 12, tzinfo=UTC)
LAUNCH = "North Korea fired two ballistic missiles into the sea on Tuesday, Seoul’s military said."


def made(identifier: str, text: str, title: str = "") -> Article:
    return Article(id=identifier, revision="r", title=title, text=text, published_at=PUBLISHED, fetched_at=PUBLISHED)


def spans(annotation: Annotation) -> list[Span]:
    found: list[Span] = [mention for entity in annotation.entities for mention in entity.mentions]
    for event in annotation.events:
        found += [event.trigger, event.sentence, *event.actor, *event.target]
    return found


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("North Korea fires missile", LAUNCH),
        ("", f"SEOUL (Reuters) - {LAUNCH}\n\nRead also: the week in pictures\n\nJapan condemned the launch."),
        ("“Enough”: Iran’s president meets Putin", "Iran’s president met Vladimir Putin.\u00a0The talks\u200b ended."),
        (
            "Iran&#39;s president &amp; Putin meet",
            (
                "Russiaâ€™s army fired mis\u00adsiles at Kyiv on Tuesday, ZelenskÃ½ said.<br/>Iran&#39;s "
                "leader&nbsp;condemned it."
            ),
        ),
        (
            "RUSSIA LAUNCHES MISSILES AT KYIV",
            "Russia fired missiles at Kyiv. 😀 Three people died.\r\n\r\nIt denied it.",
        ),
    ],
)
def test_every_span_is_the_slice_of_its_part(title: str, text: str, read: Read) -> None:
    annotation = read(text, title)
    parts = {"title": title, "text": text}
    assert spans(annotation)
    for span in spans(annotation):
        assert span.text == parts[span.part][span.start : span.end]


def test_annotations_come_in_the_order_of_the_articles(reader: Reader) -> None:
    articles = [made(str(i), LAUNCH if i % 3 else "") for i in range(70)]
    annotations = reader.read(articles)
    assert [a.article_id for a in annotations] == [str(i) for i in range(70)]
    assert [len(a.events) for a in annotations] == [1 if i % 3 else 0 for i in range(70)]


def test_what_stands_around_an_article_does_not_change_its_reading(reader: Reader) -> None:
    alone = reader.read([made("x", LAUNCH)])[0]
    among = reader.read([made("y", "Poland expelled two diplomats."), made("x", LAUNCH), made("z", "Rain fell.")])[1]
    assert alone.events == among.events
    assert alone.entities == among.entities


@pytest.mark.parametrize("title", [LAUNCH, LAUNCH[:50], LAUNCH[:-1] + " …"])
def test_a_title_that_repeats_the_first_sentence_is_no_second_event(title: str, read: Read) -> None:
    annotation = read(LAUNCH, title)
    assert [event.type for event in annotation.events] == ["missile_launch"]
    assert annotation.events[0].trigger.part == "text"


def test_a_headline_of_its_own_is_an_event_but_a_less_certain_one(read: Read) -> None:
    headline = read("Residents took shelter.", "Iran fires missile at base").events
    body = read("Iran fired a missile at a base.").events
    assert headline[0].trigger.part == "title"
    assert headline[0].confidence < body[0].confidence


@pytest.mark.parametrize(
    "line",
    [
        "Read Also: Russia fires missile at Kyiv",
        "READ MORE: China launches satellite",
        "Subscribe to our newsletter on the missile launch by North Korea",
        "A missile is launched in this photo. Photo by Jane Doe/AFP via Getty Images",
        "Related: Israel bombs Gaza",
        "File photo: North Korea fires a missile",
    ],
)
def test_boilerplate_makes_no_event(line: str, read: Read) -> None:
    text = f"The minister spoke about schools.\n\n{line}\n\nPupils were pleased."
    assert read(text).events == ()


def test_a_sentence_that_only_begins_like_boilerplate_is_read(read: Read) -> None:
    annotation = read(
        "Related parties fired missiles at Odesa on Monday, killing two people, and the army of Ukraine said so."
    )
    assert any(event.type == "missile_launch" for event in annotation.events)


def test_a_dateline_is_no_place_of_the_event_and_hides_nothing(read: Read) -> None:
    annotation = read("SEOUL, May 14 (Yonhap) -- North Korea fired a missile on Tuesday.")
    assert [(e.type, [p.id for p in e.actor]) for e in annotation.events] == [("missile_launch", ["KP"])]


@pytest.mark.parametrize(
    ("text", "lang"),
    [
        ("Corea del Norte ha lanzado un misil balístico hacia el mar de Japón, según el ejército.", "es"),
        ("Россия выпустила ракету по Киеву во вторник.", "ru"),
        ("北朝鮮がミサイルを発射した。", "ja"),
    ],
)
def test_other_languages_are_named_and_make_no_events(text: str, lang: str, read: Read) -> None:
    annotation = read(text)
    assert annotation.lang == lang
    assert annotation.events == ()
    assert annotation.fingerprint.minhash


def test_the_language_that_a_feed_gives_is_believed(read: Read) -> None:
    assert read(LAUNCH, lang="de").events == ()
    assert read(LAUNCH, lang="en-GB").events


def test_event_time_is_the_ingest_if_publication_lies_ahead(reader: Reader) -> None:
    early = made("x", LAUNCH).model_copy(update={"published_at": PUBLISHED + timedelta(days=2)})
    annotation = reader.read([early])[0]
    assert (annotation.event_time, annotation.event_time_source) == (PUBLISHED, "fetched")


def test_one_person_under_several_names_is_one_entity(read: Read) -> None:
    text = (
        "North Korean leader Kim Jong-un met Russian President Vladimir Putin on Monday. Kim thanked Putin. "
        "Kim Jong Un then left. Mr Putin stayed."
    )
    entities = {entity.id: entity for entity in read(text).entities}
    assert [m.text for m in entities["person:kim-jong-un"].mentions] == ["Kim Jong-un", "Kim", "Kim Jong Un"]
    assert len(entities["person:vladimir-putin"].mentions) == 3
    assert [m.text for m in entities["KP"].mentions] == ["North Korean"]


def test_a_capital_used_as_a_government_is_the_country_and_as_a_town_a_place(read: Read) -> None:
    entities = {e.id: e.kind for e in read("Pyongyang rejected the demand. A fire broke out in Pyongyang.").entities}
    assert entities == {"KP": "country", "place:pyongyang": "place"}


def test_the_fingerprint_is_64_numbers_and_bears_small_edits(read: Read) -> None:
    words = " ".join(f"word{i} and some more of it" for i in range(120))
    first, second = read(words).fingerprint, read(words.replace("word60", "sword60")).fingerprint
    a, b = base64.b64decode(first.minhash), base64.b64decode(second.minhash)
    assert len(a) == 64 * 4
    same = sum(a[i : i + 4] == b[i : i + 4] for i in range(0, 256, 4))
    assert same > 50
    assert 0 < len(first.terms) <= 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t ",
        "x" * 1_000_000,
        "😀" * 500 + " North Korea fired a missile. " + "👩‍👩‍👧" * 100,
        "\u202eصاروخ\u202c North Korea fired a missile \u200f\u0000\u0007",
        "\ud83d North Korea fired a missile",
        "fired " * 5000,
        "missile, " * 3000,
        "(" * 2000 + "Russia attacked" + ")" * 2000,
        "<p>Iran &amp; Iraq <b>attacked</b></p>" * 50,
        "â€œRussiaâ€\u009d fired a missile",
        "A. B. C. " * 2000,
        "\n" * 5000 + "Iran attacked Iraq." + "\r" * 5000,
    ],
    ids=range(13),
)
def test_no_text_breaks_the_reader(text: str, reader: Reader) -> None:
    annotation = reader.read([made("x", text, text[:300])])[0]
    assert annotation.article_id == "x"
    for span in spans(annotation):
        part = text if span.part == "text" else text[:300]
        assert span.text == part[span.start : span.end]


def test_a_model_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationError, match="xx_no_such_model"):
        Reader.load(model="xx_no_such_model")


def test_what_an_event_is_said_to_be_in_is_a_town_whatever_the_model_thinks_of_its_name(read: Read) -> None:
    found = read("A truce between the army and the rebels took effect in Orvandel at noon.", "Truce begins in Orvandel")
    assert {entity.kind for entity in found.entities if entity.name == "Orvandel"} <= {"place"}
    trust = read("Marko Tellin resigned. The party had lost confidence in Tellin, and nobody believed in Tellin.")
    assert "place:tellin" not in {entity.id for entity in trust.entities}


def test_a_road_blocked_by_protesters_is_a_protest_and_one_blocked_by_snow_is_none(read: Read) -> None:
    assert [e.type for e in read("Protesters blocked the bridge on Monday.").events] == ["protest"]
    assert not read("Snow blocked the bridge on Monday, and lorries gathered before it.").events


def test_on_a_sports_page_attacks_and_bans_are_of_the_game(read: Callable[..., Annotation]) -> None:
    page = (
        "Rovers attacked the town's goal from the first minute of the derby. The coach said that his striker had "
        "scored the goal of the season. The league imposed sanctions on three clubs. Rangers bombarded them. "
    )
    assert read(page).events == ()
    war = read(page + "In Chad, rebels attacked an army base, the government said.")
    assert [event.type for event in war.events] == ["armed_attack"]
