"""Dates as feeds write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.web.date_words import month_anywhere, month_of
from workers.web.dates import parse_date

NOW = datetime(2026, 3, 20, tzinfo=UTC)


def read(written: str, language: str | None = None) -> str | None:
    found = parse_date(written, language=language, now=NOW)
    return None if found is None else found.strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    "written",
    [
        "Sun, 01 Mar 2026 10:00:00 GMT", "Sunday, 1 March 2026 10:00:00 UTC", "Mon, 01 Mar 2026 10:00:00 Z",
        "Sun,01 Mar 2026 10:00:00GMT", "Sun, 1 Mar 26 12:00:00 +0200", "01 Mar 2026 12:00 +02:00",
        "Sun, 01 Mar 2026 12:00:00 GMT+2", "Sun, 01 Mar 2026 12:00:00 GMT+0200", "Sun, 01 Mar 2026 12:00:00 UTC +2",
        "Sun, 01 Mar 2026 12:00:00 CEST", "Sun, 01 Mar 2026 13:00:00 MSK", "Sun, 01 Mar 2026 05:00:00 EST",
        "Sun, 01 Mar 2026 05:00:00 -0500 (EST)", "Sun, 01 Mar 2026 11:00:00 Europe/Paris",
        "Sun, 01 Mar 126 10:00:00 GMT",
        "Sun, 01 Mar 2026 10:00:00 Nowhere/Land", "Sun, 01 Mar 2026 10:00:00 XYZ", "Sun, 01 Mar 2026 10.00.00 GMT",
        "Sun, 01-Mar-2026 10:00:00 GMT", "Sunday, 01-Mar-26 10:00:00 GMT", "Sun, Mar 1 2026 10:00:00 GMT",
        "Sun Mar  1 10:00:00 2026", "Sun Mar  1 05:00:00 EST 2026", "March 1, 2026 10:00 AM", "March 1st, 2026 at 10am",
        "1 March 2026, 10 am", "10:00, 1 March 2026", "2026-03-01T10:00:00Z", "2026-03-01T11:00:00.123456+01:00",
        "2026-03-01T10:00:00,5Z", "2026-03-01 12:00:00 +0200", "2026-03-01T05:00:00-05", "2026-03-01T10:00Z",
        "2026-03-01T05:00:00-05:00[America/New_York]", "2026-3-1 10:00", "2026/03/01 10:00", "2026.03.01. 10:00",
        "20260301T100000Z", "20260301T120000+0200", "20260301100000", "2026-060T10:00:00Z", "1772359200",
        "1772359200000",
        "01.03.2026 10:00", "01.03.2026, 10.00 Uhr", "10:00 01.03.2026", "2026-W09-7T10:00:00Z",
        "dim., 01 mars 2026 11:00:00 +0100", "So, 01 Mär 2026 11:00:00 +0100", "вс, 01 мар 2026 13:00:00 +0300",
        "1 марта 2026 г., 10:00", "1 de marzo de 2026 10:00", "1º de março de 2026 10h00",
        "dom, 01 mar 2026 10:00:00 GMT",
        "2026年3月1日 10:00", "2026年3月1日 10時00分", "2026년 3월 1일 오후 7:00", "Κυρ, 01 Μάρ 2026 12:00:00 EET",
        "1 marca 2026 10:00", "2026. március 1. 10:00", "1. března 2026 10:00", "01 Mart 2026 10:00",
        "1 thg 3, 2026 10:00",
        "١ مارس 2026 10:00", "1 มีนาคม 2026 10:00",
    ],
)  # fmt: skip
def test_one_moment_in_many_writings(written: str) -> None:
    assert read(written) == "2026-03-01 10:00:00"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Sun, 01 Mar 2026", "2026-03-01 00:00:00"),
        ("2026-03-01", "2026-03-01 00:00:00"),
        ("20260301", "2026-03-01 00:00:00"),
        ("1-Mar-12", "2012-03-01 00:00:00"),
        ("Thurs, 03 Sept 2026 10:00:00 PT", "2026-09-03 18:00:00"),
        ("mar, 03 mar 2026 10:00:00 +0000", "2026-03-03 10:00:00"),
        ("March 1, 2026, 10:00 pm EST", "2026-03-02 03:00:00"),
        ("12:30 am, 1 March 2026", "2026-03-01 00:30:00"),
        ("2026-03-01T24:00:00Z", "2026-03-02 00:00:00"),
        ("Sun, 01 Mar 2026 10:00:60 GMT", "2026-03-01 10:00:59"),
        ("Sun, 01 Mar 2026 25:61:00 GMT", "2026-03-01 00:00:00"),
        ("Sun, 01 Mar 2026 10:00:00 +9999", "2026-03-01 10:00:00"),
        ("01 Jan 99 10:00 GMT", "1999-01-01 10:00:00"),
        ("Sun, 01 Mar 2099 10:00:00 GMT", "2099-03-01 10:00:00"),
    ],
)
def test_dates_that_say_less_or_too_much(written: str, expected: str) -> None:
    assert read(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "", "yesterday", "2 hours ago", "Sunday, March 1st", "March 2026", "2026", "2026-03", "99", "no date", "N/A",
        "0000-00-00 00:00:00", "0001-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT",
        "Mon, 30 Nov -0001 00:00:00 +0000",
        "Sun, 29 Feb 2026 10:00:00 GMT", "31 Apr 2026", "2026-13-01", "Sun, 99 Mar 99999 10:00:00 GMT",
        "99999999-99-99",
        "5 listopad 2026", "Invalid Date", "{{ pubDate }}", "1 March 2026 " * 20,
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(written: str) -> None:
    assert read(written) is None


def test_the_order_of_numbers_is_the_languages_or_the_calendars() -> None:
    assert read("04/03/2026", "en-us") == "2026-04-03 00:00:00"
    assert read("03/04/2026", "en-us") == "2026-03-04 00:00:00"
    assert read("04/03/2026", "en-gb") == "2026-03-04 00:00:00"
    assert read("04/03/2026", "fr") == "2026-03-04 00:00:00"
    assert read("04/03/2026") == "2026-03-04 00:00:00"  # 3 April is still to come
    assert read("02/03/2026") is None  # both have been
    assert read("13/02/2026") == read("02/13/2026") == "2026-02-13 00:00:00"


def test_a_month_that_languages_disagree_about_is_the_feeds() -> None:
    assert (month_of("listopad", "pl"), month_of("listopad", "hr"), month_anywhere("listopad")) == (11, 10, None)
    assert read("5 listopad 2026", "pl") == "2026-11-05 00:00:00"


def test_a_zone_that_two_places_share_is_the_feeds() -> None:
    assert read("1 March 2026 18:00 CST", "zh-cn") == "2026-03-01 10:00:00"
    assert read("1 March 2026 04:00 CST") == "2026-03-01 10:00:00"


@given(st.text(max_size=120) | st.from_regex(re.compile(r"[0-9 :/.,+TZ-]{0,60}"), fullmatch=True))
def test_whatever_is_written_it_is_a_moment_or_none(written: str) -> None:
    found = parse_date(written, now=NOW)
    assert found is None or found.tzinfo is UTC


@given(st.integers(10**8, 3 * 10**9), st.integers(-14 * 60, 14 * 60))
def test_what_is_written_well_is_read_back(seconds: int, minutes: int) -> None:
    whole = datetime.fromtimestamp(seconds, UTC)
    zone = f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}{abs(minutes) % 60:02}"
    forms = {read(whole.strftime(form) + zone) for form in ("%a, %d %b %Y %H:%M:%S ", "%Y-%m-%dT%H:%M:%S")}
    assert len(forms) == 1
    assert None not in forms
