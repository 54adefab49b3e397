"""A web page to the text of its article, by trafilatura, and whether that is the article. Pure, and slow to import."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import trafilatura

from workers.web.charsets import decoded
from workers.web.html_text import tidy
from workers.web.page_facts import page_facts
from workers.web.page_process import Page, Task

MIN_CHARS = 200
"""A shorter text is a caption, a notice or an error."""

FREE_CHARS = 1500
"""A page that says it is for subscribers is believed unless it gives at least so much."""

MIN_SHARED = 0.3
"""Share of the entry's long words that must stand on its page."""

_LONG_WORD = re.compile(r"[^\W\d_]{5,}")
_LD_JSON = re.compile(r"<script[^>]{0,200}ld\+json[^>]{0,200}>(.{0,100000}?)</script", re.IGNORECASE | re.DOTALL)
_NOT_FREE = re.compile(r"\"isAccessibleForFree\"\s*:\s*(false|\"(?:https?://schema\.org/)?false\")", re.IGNORECASE)
_WALL = re.compile(
    r"(subscribe|sign (up|in)|log ?in|register|create (a|your) free account|become a (subscriber|member))[^.\n]{0,40}"
    r"\b(to|and) (continue|keep|read|unlock|access)\b"
    r"|\bto (continue|keep) reading|to read the (full|whole|rest)|continue reading (with|for)"
    r"|unlock (this|the) (article|story)|(subscribers|members)[ -]only\b"
    r"|\b(only|exclusively) (available )?(for|to) (our )?(paying )?(subscribers|members)\b"
    r"|already (a|have a)n? (subscriber|subscription|account|member)"
    r"|you have (reached|used) (your|all)[^.\n]{0,40}(limit|articles)"
    r"|enable (javascript|cookies)|verify (that )?you are (a )?human|access to this page has been denied",
    re.IGNORECASE,
)
"""What a wall says in place of the rest of the article."""


@dataclass(frozen=True, slots=True)
class PageText:
    """What a page gives; `for_subscribers` is what it says of itself in its metadata."""

    text: str
    for_subscribers: bool = False


def read(body: bytes, task: Task) -> Page:
    """The page that `body` is: the article's text, or why it is refused."""
    markup = decoded(body, task.content_type)
    facts = page_facts(markup, base=task.url)
    found = page_text(markup, url=task.url, title=task.title or facts.title)
    if task.title or task.summary:
        refusal = why_not_the_article(found, title=task.title, summary=task.summary)
    else:
        refusal = None if found.text else "no article is found on the page"
    if refusal is not None:
        return Page(refusal=refusal)
    return Page(
        text=found.text,
        title=facts.title,
        url=facts.url,
        published_at=facts.published_at,
        site=facts.site,
        lang=facts.lang,
    )


def page_text(markup: str, *, url: str | None = None, title: str = "") -> PageText:
    """The article on a page: paragraphs apart by blank lines, without `title` above them; empty if there is none."""
    found = trafilatura.extract(
        markup, url=url, include_comments=False, include_tables=False, favor_precision=True, deduplicate=False
    )
    paragraphs = [line for line in map(str.strip, (found or "").split("\n")) if line]
    if paragraphs and _words(paragraphs[0]) == _words(title):
        del paragraphs[0]
    return PageText(tidy("\n\n".join(paragraphs)), _says_not_free(markup))


def _words(line: str) -> list[str]:
    return re.findall(r"\w+", line.lower())


def _says_not_free(markup: str) -> bool:
    for found in _LD_JSON.finditer(markup):
        if _NOT_FREE.search(found[1]):
            try:
                described = json.loads(found[1])
            except (ValueError, RecursionError):
                return True
            # The whole article, not merely one of its parts (`hasPart`), which is how a preview is marked too.
            return _of_article(described)
    return False


def _of_article(described: object) -> bool:
    if isinstance(described, list):
        return any(map(_of_article, described))
    if not isinstance(described, dict):
        return False
    if str(described.get("isAccessibleForFree", "true")).lower().endswith("false"):
        return True
    return _of_article(described.get("@graph"))


def why_not_the_article(page: PageText, *, title: str, summary: str) -> str | None:
    """Why the page's text is not taken for the entry's; None if it is its article."""
    text = page.text
    if _WALL.search(text[-600:]) or (len(text) < FREE_CHARS and (page.for_subscribers or _WALL.search(text))):
        return "the page is for subscribers"
    if len(text) < MIN_CHARS:
        return "no article is found on the page"
    if len(text) <= len(summary):
        return "the page gives no more than the feed"
    wanted = {word.lower() for word in _LONG_WORD.findall(f"{title} {summary}")}
    there = {word.lower() for word in _LONG_WORD.findall(text)}
    if len(wanted) >= 4 and len(wanted & there) < MIN_SHARED * len(wanted):
        return "the page is about something else"
    return None
