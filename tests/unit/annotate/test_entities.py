"""Which things an article names, and under which ids: countries, towns, persons, bodies, weapons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from topics.annotations import Annotation, Entity
from workers.annotate.bodies import is_nobody, without_form
from workers.annotate.gazetteer import slug
from workers.annotate.linking import is_part, name_words

Read = Callable[..., Annotation]
TODAY = datetime(2024, 5, 15, 11, tzinfo=UTC)
IN_1987 = datetime(1987, 3, 3, 12, tzinfo=UTC)


def entities(annotation: Annotation) -> dict[str, Entity]:
    return {entity.id: entity for entity in annotation.entities}


def words(entity: Entity) -> list[str]:
    return [mention.text for mention in entity.mentions]


# --- countries in an article -------------------------------------------------------------------------------------


def test_one_country_is_one_entity_and_mentions_keep_their_words(read: Read) -> None:
    found = entities(
        read(
            "North Korea fired a missile on Monday. The DPRK said it was a test. Pyongyang has fired six this year. "
            "Seoul condemned it, and the North's army denied it."
        )
    )
    assert words(found["KP"]) == ["North Korea", "DPRK", "Pyongyang", "North"]
    assert words(found["KR"]) == ["Seoul"]


def test_moscow_stands_for_the_state_of_its_day(read: Read) -> None:
    text = "Moscow said that Soviet troops would leave. Bonn welcomed it, and so did Prague."
    assert {"SU", "DE", "CS"} <= set(entities(read(text, published_at=IN_1987)))
    today = entities(read("Moscow said that its troops would leave.", published_at=TODAY))
    assert set(today) == {"RU"}


@pytest.mark.parametrize(
    ("text", "there", "not_there"),
    [
        ("Eastern Congo's rebels took the town as Rwanda denied a role. Congolese troops fled.", "CD", "CG"),
        ("The Republic of Congo held a vote in Brazzaville. Congo's opposition stayed away.", "CG", "CD"),
        ("Georgia's parliament passed the law in Tbilisi as crowds gathered.", "GE", "place:georgia"),
        ("Floods hit Atlanta, Georgia, and spread to Florida and Alabama.", "place:georgia", "GE"),
        ("Amman said that Jordan would send aid. Jordanian planes took off.", "JO", "person:jordan"),
        ("Michael Jordan scored 40 points. Jordan said he was happy.", "person:michael-jordan", "JO"),
        ("Chad Morrow was fined on Monday, and Morrow said he would pay.", "person:chad-morrow", "TD"),
        ("He spoke for an hour in Russian.", "", "RU"),
        ("Turkey roast prices rose; the minister of Turkey said so.", "TR", ""),
        ("New England farmers met in Boston on Monday.", "", "GB"),
        ("Ships crossed the South China Sea and the Gulf of Oman.", "place:south-china-sea", "CN"),
        ("Sino-Japanese talks ended on Monday.", "CN", ""),
        ("Iranian officials said the Islamic Republic would answer.", "IR", "place:islamic-republic"),
        ("The Islamic Republic of Pakistan opened a consulate.", "PK", "IR"),
        ("The Indo-Pacific Command of the United States said so.", "US", "IN"),
        ("The Biden administration said on Monday that it would not pay.", "US", "person:joe-biden"),
        ("European leaders met the Scandinavian and African ones.", "", "group:european"),
        ("The island nation of Dominica and the Dominican Republic agreed.", "DM", ""),
    ],
)
def test_names_that_could_be_another(text: str, there: str, not_there: str, read: Read) -> None:
    found = set(entities(read(text, published_at=TODAY)))
    assert not there or there in found
    assert not not_there or not_there not in found


@pytest.mark.parametrize(
    ("text", "identifier", "kind"),
    [
        ("The two sides met in Moscow.", "place:moscow", "place"),
        ("He flew to Nairobi on Monday.", "place:nairobi", "place"),
        ("Moscow rejected the offer.", "RU", "country"),
        ("The court in The Hague ruled on Monday.", "place:the-hague", "place"),
        ("Brussels imposed tariffs on steel.", "organisation:european-union", "organisation"),
    ],
)
def test_a_capital_is_a_town_or_a_government(text: str, identifier: str, kind: str, read: Read) -> None:
    found = entities(read(text))
    assert found[identifier].kind == kind


# --- persons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "identifier", "mentions"),
    [
        (
            "North Korean leader Kim Jong-un arrived. Mr. Kim smiled. Kim Jong Un left at noon.",
            "person:kim-jong-un",
            ["Kim Jong-un", "Kim", "Kim Jong Un"],
        ),
        (
            "Defence Minister Petra Holm resigned. Holm’s deputy, Karl Vinter, took over. Ms Holm declined to comment.",
            "person:petra-holm",
            ["Petra Holm", "Holm", "Holm"],
        ),
        (
            "Ursula von der Leyen spoke in Riga. Von der Leyen left early, said an aide of Ursula von der Leyen.",
            "person:ursula-von-der-leyen",
            ["Ursula von der Leyen", "Ursula von der Leyen"],
        ),
        (
            "Zoë Müller won the vote. Mueller was not present, but Muller said so.",
            "person:zoe-muller",
            ["Zoë Müller", "Muller"],
        ),
        (
            "Volodymyr Zelenskyy spoke. Later Zelensky left.",
            "person:volodymyr-zelenskyy",
            ["Volodymyr Zelenskyy", "Zelensky"],
        ),
        ("Jean-Luc Moreau was arrested. Moreau denied it.", "person:jean-luc-moreau", ["Jean-Luc Moreau", "Moreau"]),
        ("Foreign Minister Wang Yi met reporters on Monday.", "person:wang-yi", ["Wang Yi"]),
        ("Pope Leo prayed on Sunday.", "person:pope-leo", ["Pope Leo"]),
    ],
)
def test_one_person_is_one_entity(text: str, identifier: str, mentions: list[str], read: Read) -> None:
    found = entities(read(text, published_at=datetime(2019, 1, 1, tzinfo=UTC)))
    assert identifier in found
    assert set(mentions) <= set(words(found[identifier]))


def test_two_persons_with_one_surname_stay_two(read: Read) -> None:
    found = entities(
        read(
            "Bill Marlow and his wife, Hilda Marlow, voted early. Bill Marlow is mayor of the town. "
            "Hilda Marlow said little. Marlow said he was tired."
        )
    )
    assert {"person:bill-marlow", "person:hilda-marlow"} <= set(found)
    assert "Marlow" not in words(found["person:bill-marlow"]) + words(found["person:hilda-marlow"])


def test_a_title_tells_namesakes_apart(read: Read) -> None:
    found = entities(
        read("President Anna Brandt met her brother, Senator Otto Brandt. President Brandt said that it went well.")
    )
    assert words(found["person:anna-brandt"]) == ["Anna Brandt", "Brandt"]


def test_a_leader_called_by_the_surname_has_the_full_name(read: Read) -> None:
    found = entities(read("Putin will visit India in May, an aide said.", published_at=TODAY))
    assert words(found["person:vladimir-putin"]) == ["Putin"]


def test_a_byline_and_a_dateline_name_no_entity(read: Read) -> None:
    found = entities(read("By Jane Roe\n\nMARSEILLE, France (Reuters) - Norway expelled two diplomats on Monday."))
    assert set(found) == {"NO"}


@pytest.mark.parametrize(
    ("title", "text", "unwanted"),
    [
        ("Kidnappers of Pupils Threaten Town", "The kidnappers threatened the town on Monday.", "kidnappers"),
        ("", "Debris fell on the town of Alvik. It was swept up.", "debris"),
        ("", "Cholera, a disease of dirty water, killed six people.", "cholera"),
        ("", "Veterans of the war marched in Oslo. The veterans sang.", "veterans"),
        ("Iran Fires Missile at Base", "On Monday Iran fired a missile at a base. The missile hit a wall.", "missile"),
        ("", "On Monday and in May, Mr Holm paid 40 dollars. The Ministry said so, and the Army too.", "ministry"),
        ("", "The Supreme Court and the Foreign Ministry said nothing.", "court"),
    ],
)
def test_words_with_a_capital_are_no_names(title: str, text: str, unwanted: str, read: Read) -> None:
    assert not [e for e in read(text, title).entities if unwanted in e.id and e.kind in {"person", "organisation"}]


@pytest.mark.parametrize(
    ("short", "full", "expected"),
    [
        (("putin",), ("vladimir", "putin"), True),
        (("jong", "un"), ("kim", "jong", "un"), True),
        (("kim",), ("kim", "jong", "un"), True),
        (("jong",), ("kim", "jong", "un"), False),
        (("george", "bush"), ("george", "w", "bush"), True),
        (("bush", "george"), ("george", "w", "bush"), False),
        ((), ("a", "b"), False),
    ],
)
def test_which_words_are_part_of_a_name(short: tuple[str, ...], full: tuple[str, ...], *, expected: bool) -> None:
    assert is_part(short, full) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("President Xi", ("xi",)),
        ("Gen. Jean-Luc O'Neill", ("jean", "luc", "o'neill")),
        ("Ferdinand Marcos Jr.", ("ferdinand", "marcos")),
        ("KIM JONG UN", ("kim", "jong", "un")),
        ("Erdoğan’s", ("erdogan",)),
    ],
)
def test_words_of_a_name(text: str, expected: tuple[str, ...]) -> None:
    assert name_words(text) == expected


# --- bodies, places, weapons -------------------------------------------------------------------------------------


def test_an_acronym_in_brackets_is_the_body_afterwards(read: Read) -> None:
    found = entities(
        read("The Democratic Harvest Party (DHP) won 40 seats. The DHP will talk to the Greens on Monday.")
    )
    assert words(found["organisation:democratic-harvest-party"]) == ["Democratic Harvest Party", "DHP", "DHP"]


def test_a_firm_is_one_with_and_without_its_legal_form(read: Read) -> None:
    found = entities(read("Halden Marine Corp said on Monday that it would sell ships. Halden Marine has nine ships."))
    assert "organisation:halden-marine" in found
    assert without_form("Halden Marine Co Ltd") == "Halden Marine"


@pytest.mark.parametrize(
    ("name", "nobody"), [("Defence Ministry", True), ("Supreme Court", True), ("Halden Marine", False)]
)
def test_a_body_that_any_state_has_is_nobody(name: str, *, nobody: bool) -> None:
    assert is_nobody(name) is nobody


def test_a_ministry_of_a_named_state_stands_for_the_state(read: Read) -> None:
    found = entities(read("The Russian Defence Ministry said that nine drones were shot down."))
    assert set(found) == {"RU"}
    assert found["RU"].kind == "country"


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("Rebels held the village of Tessaro on Monday.", "place:tessaro"),
        ("Crowds filled Kim Il Sung Square at dawn.", "place:kim-il-sung-square"),
        ("The blast was felt at Punggye-ri, Japan said.", "place:punggye-ri"),
        ("Shells landed in Mykolaiv overnight.", "place:mykolaiv"),
        ("Inspectors want to return after the bombing of Fordow and Natanz.", "place:natanz"),
        ("Typhoon Lakan hit Luzon on Tuesday. Lakan killed four people.", "event:typhoon-lakan"),
        ("The Hwasong-18 missile flew over Hokkaido.", "weapon:hwasong-18"),
        ("Kyiv asked for Patriot batteries and F-16s.", "weapon:patriot"),
        ("Steelmaker Norrland Plate cut 300 jobs on Monday.", "organisation:norrland-plate"),
        ("The drills ended on Sunday, the Tasnim news agency reported.", "organisation:tasnim-news-agency"),
        ("Chancellor Olaf Scholz left early.", "person:olaf-scholz"),
        ("Tanks were seen on the road to Kalemba on Thursday.", "place:kalemba"),
        ("Seoul and Washington will begin the Freedom Edge drills on Monday.", "event:freedom-edge"),
    ],
)
def test_the_words_around_a_name_tell_what_it_is(text: str, identifier: str, read: Read) -> None:
    assert identifier in entities(read(text, published_at=TODAY))


@pytest.mark.parametrize(
    "text", ["The Patriot party won.", "Scientists aimed an arrow at the wall.", "The iPhone 16 sold well."]
)
def test_what_is_no_weapon(text: str, read: Read) -> None:
    assert not [entity for entity in read(text).entities if entity.kind == "weapon"]


def test_whom_an_event_names_is_an_entity(read: Read) -> None:
    annotation = read("Putin met Xi Jinping in Astana on Tuesday, the Kremlin's spokesman said.", published_at=TODAY)
    named = {one.id for event in annotation.events for one in (*event.actor, *event.target)}
    assert named <= set(entities(annotation))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Élysée Palace", "elysee-palace"),
        ("São Tomé", "sao-tome"),
        ("Łódź", "lodz"),
        ("People's Bank", "people-s-bank"),
    ],
)
def test_slugs_are_ascii(name: str, expected: str) -> None:
    assert slug(name) == expected


FRAGMENTS = [
    "North Korea fired a missile on Monday. ", "Putin&#39;s AT&amp;T talks ", "Russiaâ€™s army ", "mis\u00adsile ",
    "<b>Kim Jong</b>-un ",
    "SEOUL, May 14 (Yonhap) -- ", "\n\n", "\r\n", "By Jane Roe\n", "\u200b", "the North ", "ZelenskÃ½, 44, ",
    "• ", "10:45 GMT — ",
    "(Reporting by Jane Roe; editing by John Doe)", "Typhoon Lakan ", "Fordow and Natanz ",
    "The Democratic Harvest Party (DHP) ", "DHP ", "“Hwasong-18” ", "Read also: ", "U.S.-led ", "Sino-Russian ",
    "\ufeff", "Café Müller’s ",
    "Ürümqi ", "🚀 ", "\ud83d ",
]  # fmt: skip


@given(text=st.lists(st.sampled_from(FRAGMENTS), max_size=14), title=st.lists(st.sampled_from(FRAGMENTS), max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_mention_is_the_slice_of_the_article_as_it_came(text: list[str], title: list[str], read: Read) -> None:
    parts = {"title": "".join(title), "text": "".join(text)}
    annotation = read(parts["text"], parts["title"], lang="en")
    spans = [mention for entity in annotation.entities for mention in entity.mentions]
    spans += [
        span for event in annotation.events for span in (event.trigger, event.sentence, *event.actor, *event.target)
    ]
    for span in spans:
        assert span.text
        assert span.text == parts[span.part][span.start : span.end]
