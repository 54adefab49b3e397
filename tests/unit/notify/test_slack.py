"""Slack messages stay inside Slack's limits and say what they should, whatever the news holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.rig.slack_picture import as_page
from tests.unit.notify import block_kit
from tests.unit.notify.samples import NOON, make_alert, make_evidence
from topics.alerts import Alert, AlertCounts
from workers.notify.receivers import slack, words

HOSTILE = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="&<>|*_~`!@#:/\n\r\t\0\u202e\u200b\u2028 ab", max_size=600),
    st.sampled_from(
        [
            "<!channel> look", "<@U123>", "<https://evil.example|click>", "&amp;" * 900, "<" * 3100, "&" * 3000,
            "🚀" * 2000, "word " * 2000, "x" * 10_000, "", " ", "\ud800", ":rotating_light:" * 30, "a\n> b\n> c",
        ]
    ),
)  # fmt: skip
LINKS = st.one_of(
    st.none(),
    HOSTILE,
    st.sampled_from(
        [
            "javascript:alert(1)",
            "https://x.example/a|b>c<d",
            "https://x.example/" + "y" * 5000,
            "http://[bad",
            "https://",
        ]
    ),
)


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    evidence = tuple(
        make_evidence(draw(HOSTILE), title=draw(HOSTILE), url=draw(LINKS), source=draw(HOSTILE), rule=draw(HOSTILE),
                      article_id=f"a{i}")
        for i in range(draw(st.sampled_from([0, 1, 2, 5, 80])))
    )  # fmt: skip
    return make_alert(
        draw(HOSTILE),
        title=draw(HOSTILE),
        pattern_id=draw(HOSTILE),
        description=draw(st.none() | HOSTILE),
        group={draw(HOSTILE): (draw(HOSTILE), draw(HOSTILE))},
        evidence=evidence,
        level=draw(st.sampled_from(["informational", "low", "medium", "high", "critical"])),
        state=draw(st.sampled_from(["firing", "retracted"])),
        superseded_by=draw(st.none() | HOSTILE),
        late=draw(st.booleans()),
    )


def texts(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for block in message["blocks"]:
        yield from ([block["text"]] if "text" in block else [])
        yield from block.get("elements", [])


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(alerts(), st.booleans())
def test_hostile_alerts_stay_within_limits_and_harmless(alert: Alert, test: bool) -> None:
    message = slack.render(alert, test=test)
    assert block_kit.problems(message) == []
    assert len(json.dumps(message["blocks"], ensure_ascii=False)) <= slack.MAX_ALL
    assert block_kit.problems(json.loads(slack.body_of(alert, test=test))) == []


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "51 blocks"),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}, "151"),
        ({"text": "x", "blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "type 'mrkdwn'"),
        ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]}, "3001"),
        ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": " "}}]}, "empty text"),
        ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "<!channel>"}}]}, "no link"),
        ({"text": "x", "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "a & b"}}]}, "no entity"),
        ({"text": "x", "blocks": [{"type": "context", "elements": []}]}, "0 elements"),
        ({"text": "", "blocks": [{"type": "divider"}]}, "no text"),
        ({"text": "x", "blocks": [{"type": "divider", "colour": "red"}]}, "colour"),
    ],
)
def test_the_checker_is_strict(wrong: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in block_kit.problems(wrong)), block_kit.problems(wrong)


@given(HOSTILE, st.integers(0, 50))
def test_escaping_never_cuts_an_entity(text: str, limit: int) -> None:
    found = slack.escape(text, limit)
    assert len(found) <= limit
    assert "&" not in re.sub(r"&(amp|lt|gt);", "", found)


def test_it_says_what_happened_who_reported_it_when_and_where_to_read_it() -> None:
    message = slack.render(make_alert())
    shown = json.dumps(message, ensure_ascii=False)
    for part in (
        "🔔 high: Launch plus summit", "actor XN", "A rocket rose over the bay.", "*Bay Wire*", "2026-03-01 12:00 UTC",
        "<https://wire.example/a1|Rocket over the bay>", "1 article, 1 story, 1 source", "launch-plus-summit", "48h",
    ):  # fmt: skip
        assert part in shown
    assert message["text"] == "🔔 high: Launch plus summit (actor XN) — “A rocket rose over the bay.” (Bay Wire)"


def test_levels_are_told_by_word_and_shape() -> None:
    assert len(set(words.ICONS.values())) == 5
    for level, icon in words.ICONS.items():
        assert slack.render(make_alert(level=level))["blocks"][0]["text"]["text"].startswith(f"{icon} {level}: ")


def test_a_retraction_and_a_test_say_so_first() -> None:
    assert "Retracted: Launch" in slack.render(make_alert(state="retracted"))["text"]
    assert slack.render(make_alert(), test=True)["blocks"][0]["text"]["text"].startswith("🔔 high: [TEST] ")


def test_more_evidence_than_fits_is_counted() -> None:
    many = tuple(make_evidence(f"Sentence {i} " + "word " * 100, article_id=f"a{i:03}") for i in range(100))
    message = slack.render(make_alert(evidence=many))
    quoted = sum("Sentence" in text["text"] for text in texts(message))
    assert f"and {100 - quoted} more sentences of evidence" in json.dumps(message)
    assert quoted >= 8


def test_evidence_stands_in_order_of_time_and_once() -> None:
    early, late = make_evidence("First."), make_evidence("Second.", article_id="b", at=NOON.replace(hour=15))
    order = re.findall(
        r"First\.|Second\.", json.dumps(slack.render(make_alert(evidence=(late, early, late)))["blocks"])
    )
    assert order == ["First.", "Second."]


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://x.example/a?b=1&c=2", "https://x.example/a?b=1&c=2"),
        ("https://x.example/a|b>c", "https://x.example/a%7Cb%3Ec"),
        ("javascript:alert(1)", None), ("https://x.example/a b", None), ("//x.example", None), (None, None), ("", None),
    ],
)  # fmt: skip
def test_links(url: str | None, link: str | None) -> None:
    assert words.safe_link(url) == link


def test_a_picture_can_be_drawn_of_what_is_sent() -> None:
    page = as_page(slack.render(make_alert(title="A <b>&amp; *c*")))
    assert "<h1>🔔 high: A &lt;b&gt;&amp;amp; *c*</h1>" in page
    assert '<a href="https://wire.example/a1">Rocket over the bay</a>' in page
    assert "<blockquote>A rocket rose over the bay.</blockquote>" in page


def test_an_alert_about_a_receiver_has_no_counts_of_nothing() -> None:
    about = make_alert(evidence=(), counts=AlertCounts(articles=0, stories=0, sources=0), group={"receiver": ("ops",)})
    message = slack.render(about)
    assert block_kit.problems(message) == []
    assert "article" not in json.dumps(message)
