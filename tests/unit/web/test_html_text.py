"""HTML as publishers write it, to words as people read them."""

from __future__ import annotations

import time

import pytest

from workers.web.html_text import html_to_text, tidy


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("plain words", "plain words"),
        ("<p>One &amp; two</p><p>Three</p>", "One & two\n\nThree"),
        ("<p>a<br>b<br/>c</p>", "a\nb\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "x\ny"),
        ("in <b>bo</b>ld <i>it</i>al", "in bold ital"),
        ("a\n  b\tc&nbsp;d", "a b c d"),
        ("before<script>if (a < b) { x('</p>') }</script> after", "before after"),
        ("<style>p {}</style><noscript>no</noscript><svg><svg>x</svg>y</svg>kept", "kept"),
        ("2 < 3 && 5 > 4", "2 < 3 && 5 > 4"),
        ("&lt;b&gt; &#8217; &#xD800; &bogus;", "<b> ’ \ufffd &bogus;"),
        ("<p>never closed <b>and bold", "never closed and bold"),
        ("</p></div>closed too often", "closed too often"),
        ("<!-- a <p>comment</p> -->shown", "shown"),
        ("<![CDATA[x]]>y", "y"),
        ("", ""),
        ("<table><caption>Ships</caption><tr><td>One</td></tr><tr><td>Two</td></tr></table>", "Ships\nOne\nTwo"),
        ("<div>" * 5000 + "deep" + "</div>" * 5000, "deep"),
        ("\ud800 a\0b <p>c", "\ufffd ab\n\nc"),
    ],
)
def test_words_are_kept_and_markup_is_not(markup: str, text: str) -> None:
    assert html_to_text(markup) == text


def test_tidying_keeps_paragraphs_and_drops_what_cannot_be_written() -> None:
    assert tidy(" a \r\n \r\n\r\n b\ud800\0  c ") == "a\n\nb\ufffd c"


@pytest.mark.parametrize(
    "piece", ["<", "<p", "<!--", "&", "<a href='", "</", "<b>", "<!", "<![", "<?", "\n ", "<script>"]
)
def test_hostile_markup_is_read_in_time(piece: str) -> None:
    begun = time.monotonic()
    html_to_text(piece * (300_000 // len(piece)))
    assert time.monotonic() - begun < 5
