"""What is no part of the story is not read: datelines, bylines, credits, boilerplate, stamps; and mended characters."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workers.annotate.boilerplate import is_boilerplate
from workers.annotate.characters import clean, mend
from workers.annotate.headlines import lower_words, recase
from workers.annotate.spacing import is_spaced
from workers.annotate.text import is_byline, prepare_text, prepare_title


def read_words(text: str) -> str:
    """What is left to read of a text, its blanks closed up."""
    return " ".join(prepare_text(text).working.split())


STORY = "Marvik closed its harbour on Tuesday after a tanker ran aground, the port's director said."


@pytest.mark.parametrize(
    "dateline",
    [
        "ANKARA, March 6 (Reuters) - ",
        "SEOUL — ",
        "SEOUL: ",
        "NEW DELHI: ",
        "Seoul, South Korea (CNN) — ",
        "(CNN) — ",
        "(Reuters) - ",
        "BEIJING, May 14 (Xinhua) -- ",
        "WASHINGTON/MOSCOW, March 6 (Reuters) - ",
        "KYIV, Ukraine (AP) — ",
        "Kyiv, Ukraine — ",
        "LONDON (AP) _ ",
        "UNITED NATIONS, May 3 (AFP) - ",
        "PORT-AU-PRINCE, Haiti, 12 June — ",
        "ST. PETERSBURG, Russia - ",
        "N'DJAMENA, Feb 2 (Meridian Wire) - ",
        "Tehran — ",
        "LUSAKA, Zambia, (NewsLine / Copper Daily - 3rd Mar, 2021 ) :",
        "BOGOTÁ, Colombia – ",
        "By Jane Roe SEOUL, March 3 (Reuters) - ",
        "By Jane Roe and John Q. Doe\nSEOUL, March 3 (Reuters) - ",
        "JERUSALEM/GAZA CITY, Dec. 1 (Example News Service) — ",
    ],
)
def test_a_dateline_is_not_read(dateline: str) -> None:
    assert read_words(dateline + STORY) == STORY


@pytest.mark.parametrize(
    "sentence",
    [
        "NATO - the alliance - met on Monday.",
        "Ministers met in Kyiv — The Hague sent nobody.",
        "He said: The bridge is closed.",
        "US: the troops stay.",
        "Moscow (and Minsk) agreed.",
        "The deal — Europe's largest — was signed.",
        "Marta Olivera — The last of the poets — died on Monday.",
        "UN chief: war must end.",
    ],
)
def test_a_sentence_with_a_dash_or_a_colon_is_no_dateline(sentence: str) -> None:
    assert read_words(sentence) == sentence


def test_lines_of_the_page_before_it_do_not_hide_a_dateline() -> None:
    page = "CopperDaily.com\n\nWorld\n\nAfrica\n\nMore from this desk\n\n"
    assert read_words(f"{page}LUSAKA — {STORY}").endswith(STORY)
    assert "LUSAKA" not in read_words(f"{page}LUSAKA — {STORY}")


def test_only_the_first_paragraphs_have_a_dateline() -> None:
    later = "\n\n".join([STORY] * 4)
    assert read_words(f"{later}\n\nSEOUL — {STORY}").endswith(f"SEOUL - {STORY}".replace("-", "—"))


@pytest.mark.parametrize(
    "line",
    [
        "By Jane Roe",
        "By Jane Roe and John Doe",
        "By Jane Roe, John Doe and Li Na",
        "BY JANE ROE",
        "By Jane Roe in Seoul",
        "By Jane Roe, Diplomatic Correspondent",
        "By Jane Roe | Example News",
        "Jane Roe reports from Kyiv",
        "Jane Roe, Moscow correspondent",
        "By Jean-Luc O'Neill for The Example",
    ],
)
def test_a_byline_is_known(line: str) -> None:
    assert is_byline(line)


@pytest.mark.parametrize(
    "line",
    [
        "By Friday the town had fallen.",
        "By Monday Troops Had Left the City.",
        "Jane Roe was appointed editor on Monday.",
    ],
)
def test_a_sentence_is_no_byline(line: str) -> None:
    assert not is_byline(line)


@pytest.mark.parametrize(
    "line",
    [
        "Read Also: Army takes the bridge",
        "READ MORE: Army takes the bridge",
        "Subscribe",
        "Sign up for our daily briefing",
        "Follow us on Facebook",
        "(Reporting by Jane Roe; editing by John Doe)",
        "Reporting by Jane Roe in Seoul; Editing by John Doe",
        "[Editing by John Doe]",
        "Photo: Jane Roe/Example",
        "Soldiers cross the bridge. (Photo by Jane Roe)",
        "FILE PHOTO: Soldiers cross the bridge. REUTERS/Jane Roe/File Photo",
        "Copyright 2024 Example News. All rights reserved.",
        "© 2024 Example",
        "We use cookies to improve your experience.",
        "Click here to read the whole story",
        "This story was updated at 10:30 GMT",
        "This article has been updated to add a quote.",
        "Share",
        "Share Tweet Email Print",
        "Facebook | Twitter | WhatsApp",
        "Advertisement",
        "5 min read",
        "2 hours ago",
        "Published: 14 May 2024 10:30 GMT",
        "PUBLISHED : TUESDAY , MAY 14 , 2024 , 11 : 26 AM",
        "Posted at 3:21 PM ET, 05/14/2024",
        "Last updated on May 14, 2024",
        "May 14, 2024",
        "Wed, 15 May 2024",
        "https://example.com/world/army-takes-bridge",
        "http : / / www . example . com / world / army - bombed - bridge . html",
        "Jump to comments",
        "More from Example:",
        "Already a subscriber? Log in",
        "-- ENDS --",
        "Reuters",
        "CONTINUED",
    ],
)
def test_a_line_of_the_page_is_boilerplate(line: str) -> None:
    assert is_boilerplate(line)


@pytest.mark.parametrize(
    "line",
    [
        "Related parties fired missiles on Monday, killing two.",
        "Copies of the treaty were printed on Monday.",
        "Shares fell by 3 percent.",
        "Share prices fell by 3 percent on Tuesday.",
        "He said on Tuesday that the newsletter would be banned.",
        "Sources close to the talks said that the two sides had agreed to meet again in Muscat before the end of June.",
        "Photographs of the parade showed four new missiles on launchers.",
        "Publishing the list, the ministry said that 40 people had been arrested.",
        "More than 40 people were killed.",
        "Registered voters go to the polls on Sunday.",
        "Follow-up talks are to be held in Oslo.",
        "Two hours ago the ship sank.",
        "In May 2024 the two countries signed a treaty.",
        "Cookie makers went on strike on Monday over pay, closing four of the firm's factories in the north.",
        "Home to four million people, the city was shelled.",
        "Watching from a balcony, the leader saluted.",
    ],
)
def test_a_sentence_of_the_story_is_not(line: str) -> None:
    assert not is_boilerplate(line)


def test_headlines_under_related_are_left_out_up_to_the_next_sentence() -> None:
    text = (
        f"{STORY}\n\nRelated stories:\n\nArmy bombs bridge\n\nIran fires missile at base\n\nThe port opens on Friday."
    )
    assert read_words(text) == f"{STORY} The port opens on Friday."


PAGE_FOOTS = [
    ["World1 week agoFerry sinks off Cebu", "-", "Health3 days agoTown reports measles", "-", "Two held after raid"],
    ["Go to video", "Chad: soldiers seize power", "Go to video", "Niger: ten killed in ambush", "01:07"],
    ["2 hours ago", "Rebels attack barracks", "5 hours ago", "Quake hits Peru"],
]


@pytest.mark.parametrize("foot", PAGE_FOOTS)
def test_headlines_of_other_stories_under_a_story_are_left_out(foot: list[str]) -> None:
    assert read_words("\n".join([f"{STORY} {STORY}", *foot])) == f"{STORY} {STORY}"


def test_a_story_that_tells_ages_is_read_to_its_end() -> None:
    ends = [f"It was built 40 years ago.\n{STORY}", f"{STORY}\nThe mine closed two years ago\nNobody works there"]
    assert [read_words(text) for text in ends] == [" ".join(text.split()) for text in ends]
    assert read_words("2 hours ago\nRebels attack barracks\n5 hours ago\nQuake hits Peru") != ""


def test_a_credit_behind_the_last_sentence_is_left_out_alone() -> None:
    assert read_words(f"{STORY} (Reporting by Jane Roe in Marvik; Editing by John Doe)") == STORY
    assert read_words(f"{STORY} Reporting by Jane Roe; Editing by John Doe") == STORY


def test_headings_make_no_sentence_not_even_the_last() -> None:
    part = prepare_text(f"{STORY}\n\nMissile fired at base\n\n{STORY}\n\nIran fires missile at base")
    assert [segment.heading for segment in part.segments] == [False, True, False, True]


def test_a_table_is_not_read_as_sentences() -> None:
    part = prepare_text(f"{STORY}\n\nCountry | Missiles fired | Killed\n\nIran | 12 | 3\n\n{STORY}")
    assert [segment.heading for segment in part.segments] == [False, True, True, False]


@pytest.mark.parametrize("bullet", ["• ", "- ", "* ", "– ", "▪ ", "→ "])
def test_bullets_are_not_read_but_their_sentences_are(bullet: str) -> None:
    text = f"Summary of the day\n\n{bullet}{STORY}\n\n{bullet}{STORY}"
    assert read_words(text) == f"Summary of the day {STORY} {STORY}"


@pytest.mark.parametrize("clock", ["10:45 GMT — ", "14.30 BST ", "10:45 a.m. ET: ", "[09:15] ", "7:05pm - ", "23:10 "])
def test_time_stamps_of_a_live_blog_are_not_read(clock: str) -> None:
    assert read_words(f"{STORY}\n\n{clock}{STORY}") == f"{STORY} {STORY}"


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("UPDATE 2-Iran fires missile at base", "Iran fires missile at base"),
        ("LIVE: Iran fires missile at base", "Iran fires missile at base"),
        ("Explainer: Why Iran fires missiles", "Why Iran fires missiles"),
        ("Breaking | Iran fires missile", "Iran fires missile"),
        ("Iran fires missile | Example News", "Iran fires missile"),
        ("Iran fires missile - BBC News", "Iran fires missile"),
        ("Iran fires missile – Reuters", "Iran fires missile"),
        ("Iran fires missile - minister", "Iran fires missile - minister"),
        ("Watch out for storms, islands told", "Watch out for storms, islands told"),
        ("Live-fire drills begin off Busan", "Live-fire drills begin off Busan"),
    ],
)
def test_labels_and_outlets_are_no_part_of_a_headline(title: str, read: str) -> None:
    assert " ".join(prepare_title(title).working.split()) == read


def test_a_headline_in_title_case_gets_the_case_of_the_body() -> None:
    body = (
        "On Monday Iran fired a missile at a base near Erbil. The missile killed two guards, Bush Alvarez and a cook."
    )
    assert lower_words("Iran Fires Missile at Base Near Erbil, Killing Bush", body) == (
        "Iran fires missile at base near Erbil, killing Bush"
    )


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        ("AT&amp;T and Putin&#39;s men", "AT&T and Putin's men"),
        ("Russiaâ€™s army â€“ ZelenskÃ½", "Russia’s army – Zelenský"),
        ("mis\u00adsile\u200b launch", "missile launch"),
        ("Caf\u00e9 M\u00fcller, S\u00e3o Paulo", "Café Müller, São Paulo"),
        ("R&D; Q&A &notanentity;", "R&D; Q&A &notanentity;"),
        ("MENÜ” and CAFÉ—", "MENÜ” and CAFÉ—"),
        ("Â£5m", "£5m"),
        ("5 &lt; 6", "5 &lt; 6"),
    ],
)
def test_entities_and_mojibake_are_undone(raw: str, mended: str) -> None:
    assert mend(raw)[0] == mended


@pytest.mark.parametrize(
    ("raw", "mended"),
    [
        ("The U . S . army , he said , did n't move .", "The U.S. army, he said, didn't move."),
        (
            "`` A 6 . 4 quake , '' they said , `` hit at 12 : 30 p . m . ''",
            '"A 6.4 quake," they said, "hit at 12:30 p.m."',
        ),
        ("Chad 's army ( two men ) , paid $ 1 , 300 , left .", "Chad's army (two men), paid $1,300, left."),
        (
            "One , two , three , \nhttp : / / www . x . example / a , b , c",
            "One, two, three, \nhttp : / / www . x . example / a , b , c",
        ),
    ],
)
def test_words_that_a_tokenizer_cut_are_joined(raw: str, mended: str) -> None:
    assert is_spaced(raw)
    text, offsets = mend(raw, spaced=True)
    assert text == mended
    assert offsets is not None
    assert all(raw[offsets.start(i)] == c for i, c in enumerate(text) if c != '"')


@pytest.mark.parametrize(
    "raw",
    [
        "Plain, ordinary text. Nothing, it says, to mend.",
        "He said : no .",
        "",
        "a , b",
        "1 , 2 , 3, four, five, six, seven",
    ],
)
def test_other_texts_are_left_as_they_are(raw: str) -> None:
    assert not is_spaced(raw)


def test_places_in_a_mended_text_are_found_in_the_original() -> None:
    raw = "&quot;AT&amp;T&quot; sued Russiaâ€™s army"
    text, offsets = mend(raw)
    assert offsets is not None
    for name, original in (("AT&T", "AT&amp;T"), ("Russia", "Russia"), ("army", "army"), ("Russia’s", "Russiaâ€™s")):
        start = text.index(name)
        assert raw[offsets.start(start) : offsets.end(start + len(name))] == original


@given(st.text(st.sampled_from(list("aZ é’&;#39amp\u00ad\u200bâ€™Ã½<p>\n.")), max_size=80))
@settings(max_examples=300, deadline=None)
@example("U . S . , `` no ''")
def test_every_stretch_of_a_mended_text_comes_from_its_own_place(raw: str) -> None:
    text, offsets = mend(raw, spaced=True)
    if offsets is None:
        assert text == raw
        return
    places = [(offsets.start(i), offsets.end(i + 1)) for i in range(len(text))]
    assert all(0 <= start < end <= len(raw) for start, end in places)
    assert all(places[i][1] <= places[i + 1][0] for i in range(len(places) - 1))


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_what_is_read_has_the_length_of_what_was_written(raw: str) -> None:
    assert len(clean(raw)) == len(raw)
    for part in (prepare_text(raw), prepare_title(raw, raw)):
        assert len(part.working) == len(raw)
        assert all(0 <= segment.start <= segment.end <= len(raw) for segment in part.segments)


@pytest.mark.parametrize(
    "unit", ["By A b ", "A, ", "(Reporting by ", "SEOUL, ", "\n\n", "x | ", "<p ", "&amp", "10:45 ", " ", "x", " \n"]
)
def test_no_text_takes_long(unit: str) -> None:
    started = time.process_time()
    prepare_text(unit * 20_000)
    prepare_title(unit * 2_000, unit * 20_000)
    mend(unit * 20_000, spaced=is_spaced(unit * 20_000))
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("title", "body", "wanted"),
    [
        (
            "OIL RIG AT VARNA SHUT",
            "At dusk the oil rig near Varna was dark. Oily water, 3oil, un-oil.",
            "Oil rig at Varna shut",
        ),
        ("A MAN IN VARNA", "Aman sat in a bar; a man named Ivarna left Varna's port.", "A man in Varna"),
    ],
)
def test_a_title_in_capitals_is_written_as_the_body_writes_it(title: str, body: str, wanted: str) -> None:
    assert recase(title, body).lower() == wanted.lower()
    assert recase(title, body) == recase(title, f"{body} é")  # looked for in another way where all is not ASCII
