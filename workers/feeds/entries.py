"""What an entry of any kind of feed says, and the article that it becomes: its id, its page, its text. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urljoin, urlsplit

from pydantic import ValidationError

from topics.articles import Article, article_id, canonical_url, revision_of
from workers.web.html_text import tidy

FULL_CHARS = 1000
"""A text of this length that the feed calls a summary is one only if it breaks off."""

CUT_CHARS = 2500
"""A longer text is an article, even if it ends with "Read more"."""

MAX_PROBLEMS = 20
"""Problems of one feed that are told one by one."""

_GLOBAL_GUID = re.compile(r"^(urn|tag|doi|news|mid):", re.IGNORECASE)
_COUNTER = re.compile(r"^\d{0,4}$|=")
"""A fragment that counts revisions (the BBC's #0, #1) or tracks (#xtor=…), and names no part of a page."""

_BREAKS_OFF = re.compile(
    r"(\[?\s?(\u2026|\.\.\.)\s?\]?|\b(read|view|see|continue)\s(on|more|reading|the (full|rest|whole)\b.*)\W*"
    r"|\bmore\s?[»›>]+)$",
    re.IGNORECASE,
)
_APPENDED = re.compile(r"\s*^The post .{0,300} (first appeared|appeared first) on .{0,200}\.?\s*\Z", re.MULTILINE)
"""What WordPress writes under every entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as the feed has it. `content` is what it calls the text, `summary` what it calls a summary of it.

    `link` is absolute, or None; `guid` is as written.
    """

    guid: str = ""
    link: str | None = None
    title: str = ""
    content: str = ""
    summary: str = ""
    published_at: datetime | None = None
    changed_at: datetime | None = None
    source: str | None = None
    lang: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """What the entries of one feed have in common."""

    url: str
    title: str | None
    lang: str | None
    fetched_at: datetime


def articles_of(entries: Sequence[Entry], origin: Origin, problems: list[str]) -> tuple[Article, ...]:
    """One article for each entry, in their order; an entry that comes twice is taken once, in its latest form.

    What gives no article is told in `problems`.
    """
    readable = [each for number, each in enumerate(entries, 1) if _told_if_empty(each, number, problems)]
    found: dict[str, tuple[datetime | None, Article]] = {}
    for entry, identity in zip(readable, _identities(readable, origin.url), strict=True):
        try:
            article = _article(entry, identity, origin)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            problems.append(f"“{entry.title[:60]}”: {'.'.join(map(str, problem['loc']))}: {problem['msg']}")
            continue
        changed = entry.changed_at or entry.published_at
        before = found.get(article.id)
        if before is None or (changed and before[0] and changed > before[0]):
            found[article.id] = changed, article
    return tuple(article for _, article in found.values())


def bounded(problems: Sequence[str]) -> tuple[str, ...]:
    """The first problems, and how many more there were."""
    more = len(problems) - MAX_PROBLEMS
    return (*problems[:MAX_PROBLEMS], *([f"and {more} more such problems"] if more > 0 else []))


def page_address(candidates: Iterator[object], base: str) -> str | None:
    """The first of some addresses, made absolute, that a browser may be sent to. None if none is one."""
    for candidate in candidates:
        written = tidy(str(candidate or ""))
        if not written:
            continue
        try:
            address = _behind_the_counter(urljoin(base, written))
            parts = urlsplit(address)
            canonical_url(address)
        except ValueError:
            continue
        if parts.scheme.lower() in ("http", "https") and parts.hostname and " " not in parts.hostname:
            return address
    return None


def is_summary(content: str, summary: str) -> bool:
    """Whether an entry gives less than the article: no text but a short summary, or a text that breaks off."""
    text = content or summary
    if _BREAKS_OFF.search(text[-200:]) and len(text) < CUT_CHARS:
        return True
    return not content and len(text) < FULL_CHARS


def _told_if_empty(entry: Entry, number: int, problems: list[str]) -> bool:
    if entry.title or entry.content or entry.summary:
        return True
    problems.append(f"entry {number}: neither title nor text")
    return False


def _article(entry: Entry, identity: str, origin: Origin) -> Article:
    # The content is the text, unless it is a mere shell around a summary.
    content = entry.content if 2 * len(entry.content) >= len(entry.summary) else ""
    text = _APPENDED.sub("", content or entry.summary)
    return Article(
        id=identity,
        revision=revision_of(entry.title, text),
        url=entry.link,
        title=entry.title,
        text=text,
        published_at=entry.published_at or entry.changed_at,
        fetched_at=origin.fetched_at,
        # An aggregator names the outlet in the entry; a feed without a title still has a publisher.
        source=entry.source or origin.title or urlsplit(origin.url).hostname,
        feed=origin.url,
        lang=entry.lang or origin.lang,
        tags=entry.tags,
        summary_only=is_summary(_APPENDED.sub("", content), text),
    )


def _identities(entries: Sequence[Entry], feed_url: str) -> list[str]:
    """An id for each entry: by guid, by link, by words; the next one where different entries share the last."""
    guids = [_by_guid(tidy(each.guid), each.link or feed_url) for each in entries]
    ways = [[*guid, *_by_link(each), _by_words(each)] for guid, each in zip(guids, entries, strict=True)]
    chosen = [0] * len(entries)
    for _ in range(max(map(len, ways), default=0)):
        groups: dict[str, list[int]] = {}
        for number, way in enumerate(ways):
            groups.setdefault(way[chosen[number]], []).append(number)
        unclear = [
            number
            for group in groups.values()
            if _differ([entries[n] for n in group], by_guid=chosen[group[0]] < len(guids[group[0]]))
            for number in group
            if chosen[number] + 1 < len(ways[number])
        ]
        if not unclear:
            break
        for number in unclear:
            chosen[number] += 1
    return [way[at] for way, at in zip(ways, chosen, strict=True)]


def _differ(group: Sequence[Entry], *, by_guid: bool) -> bool:
    """Whether entries that share an id are different ones, and not revisions of one."""
    titles = {each.title for each in group}
    if not by_guid:
        return len(titles) > 1
    links = {each.link for each in group}
    # One guid, one page, two headlines: the headline was edited. Three: the guid is the site's, not the entry's.
    return len(links) > 1 or len(titles) > (1 if links == {None} else 2)


def _by_link(entry: Entry) -> list[str]:
    if not entry.link:
        return []
    page = canonical_url(entry.link)
    # Many entries for one page: a page that is a list. A part of it, or link and title, is one of its entries.
    return [
        article_id(url=entry.link),
        article_id(guid=f"{page}#{urlsplit(entry.link).fragment}"),
        article_id(guid=f"{page} {entry.title}"),
    ]


def _by_words(entry: Entry) -> str:
    return article_id(title=entry.title, text=entry.content or entry.summary)


def _by_guid(guid: str, at: str) -> list[str]:
    if not guid:
        return []
    try:
        parts = urlsplit(guid)
        if parts.scheme.lower() in ("http", "https") and parts.hostname:
            # The same page in two feeds of a publisher, one with guids and one without, is one article.
            if not parts.fragment or _COUNTER.search(parts.fragment):
                return [article_id(url=guid)]
            return [article_id(guid=f"{canonical_url(guid)}#{parts.fragment}")]
    except ValueError:
        pass
    if not _GLOBAL_GUID.match(guid):
        # A bare number is the publisher's own: unique on his site, surely not in the world.
        guid = f"{(urlsplit(at).hostname or '').removeprefix('www.')} {guid}"
    return [article_id(guid=guid)]


def _behind_the_counter(address: str) -> str:
    """The page behind an address that only counts clicks (Google Alerts writes such links)."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if host.startswith("www.google.") and parts.path == "/url":
        query = parse_qs(parts.query)
        return next((each for name in ("url", "q") for each in query.get(name, ())), address)
    return address
