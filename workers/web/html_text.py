"""HTML to plain text: paragraphs kept apart, what is not for readers dropped. Pure.

By lxml, because the standard library's parser takes quadratic time for unclosed markup, and raises for some.
"""

from __future__ import annotations

import re

from lxml import etree  # type: ignore[import-untyped]  # lxml ships no types

_PARAGRAPHS = frozenset({
    "address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "main", "nav", "ol", "p", "pre", "section",
    "table", "ul",
})  # fmt: skip
_LINES = frozenset({"br", "li", "tr"})
_UNSEEN = frozenset(
    {"script", "style", "noscript", "template", "iframe", "object", "svg", "head", "select", "textarea"}
)
_SURROGATES = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r" ?\n[ \n]*")


def html_to_text(markup: str) -> str:
    """The readable words of `markup`: blank lines between paragraphs, entities resolved, white space tidied.

    >>> html_to_text("<p>Ships &amp; boats<br>came.</p><p>Then left.</p><script>x()</script>")
    'Ships & boats\\ncame.\\n\\nThen left.'
    """
    words = _Words()
    parser = etree.HTMLParser(target=words, encoding="utf-8", huge_tree=True, no_network=True)
    # In an element of its own: bare text would count as a document without a body.
    parser.feed(f"<div>{_writable(markup)}</div>".encode())
    try:
        parser.close()
    except etree.ParserError:  # nothing in it at all
        return ""
    return tidy("".join(words.parts))


def tidy(text: str) -> str:
    """`text` without runs of white space, with at most one blank line between paragraphs, and without half characters.

    Half a surrogate pair, which a broken character reference may give, can never be written as UTF-8.
    """
    text = _SPACES.sub(" ", _writable(text).replace("\r\n", "\n").replace("\r", "\n"))
    return _BREAKS.sub(lambda m: "\n\n" if m[0].count("\n") > 1 else "\n", text).strip()


def _writable(text: str) -> str:
    return _SURROGATES.sub("\ufffd", text.replace("\0", ""))


class _Words:
    """What lxml's parser calls with each element and each piece of text."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self._unseen = 0

    def start(self, tag: str, _attributes: object) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _LINES and not self._unseen:
            self.parts.append("\n")
        self._break(tag)

    def end(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        self._break(tag)

    def data(self, text: str) -> None:
        if not self._unseen:
            # A line break inside running text is a space; only elements break lines.
            self.parts.append(text.replace("\n", " "))

    def close(self) -> None:
        """All was said in `parts`."""

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS and not self._unseen:
            self.parts.append("\n\n")
