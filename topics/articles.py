"""`Article`: one revision of one news article, as produced from a feed, an archive or standard input."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import Field

from topics.base import Record, UtcDatetime, digest

FUTURE_TOLERANCE = timedelta(minutes=5)
"""A publication date further ahead of ingest than this is not believed."""

EventTimeSource = Literal["published", "fetched"]

_TRACKING = re.compile(
    r"^(utm_.*|[a-z_]{2,8}clid|gclsrc|[gw]braid|mc_[ce]id|igshid?|ocid|n?cmpid|ito|icid|ncid|xtor|spm|feedtype"
    r"|ref_src|_hs(enc|mi)|_g[al]|mkt_tok|vero_id|wt\.?_?mc.*|oly_(anon|enc)_id|ns_(campaign|mchannel|source|linkname|fee)"
    r"|at_(medium|campaign|custom|link|format|ptr|bbc).*|phpsessid|jsessionid)$"
)
_FROM_A_FEED = re.compile(
    r"^(from|source|src|ref|partner|emc|via|feed|cid|sc_cid|smid|cmp|mod)=(.*\brss.*|.*_rss|feed)$|^rss=1?$"
)
"""Parameters that track only if they say that the reader came from a feed."""

_SESSION = re.compile(r";(jsessionid|phpsessid|sid)=[^/?#;]*", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?][\"'”’)]*\s")


class Article(Record):
    """One revision of an article. `id` is the same for all revisions; `revision` is a hash of title and text."""

    id: str = Field(min_length=1, max_length=512)
    revision: str
    url: str | None = None
    title: str = ""
    text: str
    published_at: UtcDatetime | None = None
    fetched_at: UtcDatetime
    source: str | None = Field(default=None, description="the outlet")
    feed: str | None = None
    lang: str | None = None
    tags: tuple[str, ...] = ()
    truncated: bool = Field(default=False, description="the body was cut at a sentence end to fit the broker's limit")
    summary_only: bool = Field(default=False, description="the text is the feed's summary, not the whole article")
    backfill: bool = Field(
        default=False, description="old news pushed afterwards: it is counted, and what it brings about pages nobody"
    )


def canonical_url(url: str) -> str:
    """`url` without what does not name the page: fragment, tracking parameters, default port, case of the host.

    >>> canonical_url("HTTPS://News.Example:443/a?utm_source=x&id=7#top")
    'https://news.example/a?id=7'
    """
    parts = urlsplit(url.strip())
    scheme = parts.scheme.lower()
    host = (parts.hostname or "").lower()
    if ":" in host:
        host = f"[{host}]"
    try:
        port = parts.port
    except ValueError:  # "http://host:notaport/": keep the words, they still identify the page
        return url.strip()
    if port is not None and port != {"http": 80, "https": 443}.get(scheme):
        host = f"{host}:{port}"
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if not _tracks(k.lower(), v.lower())]
    return urlunsplit((scheme, host, _SESSION.sub("", parts.path) or "/", urlencode(query), ""))


def _tracks(name: str, value: str) -> bool:
    return bool(_TRACKING.match(name) or _FROM_A_FEED.match(f"{name}={value}"))


def article_id(*, guid: str | None = None, url: str | None = None, title: str = "", text: str = "") -> str:
    """A stable id: from the publisher's guid, else from the canonical URL, else from title and text."""
    if guid:
        return "g" + digest("guid", guid)
    if url:
        return "u" + digest("url", canonical_url(url))
    return "t" + digest("text", title, text)


def revision_of(title: str, text: str) -> str:
    """The hash by which two revisions of one article differ."""
    return digest(title, text, length=16)


def event_time(published_at: datetime | None, fetched_at: datetime) -> tuple[datetime, EventTimeSource]:
    """When the article counts as said: its publication, or its ingest if that is missing or lies in the future."""
    if published_at is None or published_at > fetched_at + FUTURE_TOLERANCE:
        return fetched_at, "fetched"
    return published_at, "published"


def fitted(article: Article, max_bytes: int) -> Article:
    """`article`, its text cut at a sentence end and flagged `truncated` if its UTF-8 text exceeds `max_bytes`.

    The revision stays the hash of the whole text, so that the same long text has the same revision.
    """
    encoded = article.text.encode("utf-8", "surrogatepass")
    if len(encoded) <= max_bytes:
        return article
    text = encoded[:max_bytes].decode("utf-8", "ignore")
    tail = max(0, len(text) - 2000)
    ends = [m.end() for m in _SENTENCE_END.finditer(text, tail)]
    return article.model_copy(update={"text": text[: ends[-1]].rstrip() if ends else text, "truncated": True})
