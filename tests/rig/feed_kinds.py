"""Feeds of all kinds, made by combining what publishers do: a format, how it is written, how it is served."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import product

import brotli
from backports import zstd

from tests.rig.feed_server import FeedServer
from tests.rig.http_server import Answer

FIRST = datetime(2026, 3, 1, 10, tzinfo=UTC)
HOST = "https://coast.example"


@dataclass(frozen=True, slots=True)
class Story:
    """What an entry is expected to become."""

    title: str
    link: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kind:
    """One feed: what is served, and what is to come of it; `reason` instead if it is to be refused."""

    name: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    stories: tuple[Story, ...] = ()
    reason: str = ""


STORIES = tuple(
    Story(
        f"Señor Ng’s harbour — part {n} & more", f"{HOST}/2026/{n}", f"Ships came on day {n}.\n\nMany “large” ones.", at
    )
    for n, at in enumerate((FIRST, FIRST - timedelta(hours=30), FIRST - timedelta(days=40)), start=1)
)

_DAYS, _MONTHS = ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."), ("janv.", "févr.", "mars")

DATES: dict[str, Callable[[datetime], str]] = {
    "rfc822": lambda at: at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    "rfc3339": lambda at: at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    "offset": lambda at: (at + timedelta(hours=5, minutes=30)).strftime("%a, %d %B %y %H:%M +0530"),
    "wrong-day": lambda at: at.strftime("Xxx, %d %b %Y %H:%M:%S +00:00"),
    "french": lambda at: f"{_DAYS[at.weekday()]} {at.day} {_MONTHS[at.month - 1]} {at:%Y %H:%M}",
    "epoch": lambda at: str(int(at.timestamp())),
}


def _html(story: Story) -> str:
    first, second = (escape(each, quote=False) for each in story.text.split("\n\n"))
    return f"<div><p>{first}</p>\n<p>{second}</p><script>alert(1)</script><img src='/x.png'></div>"


def _rss(version: str, date: Callable[[datetime], str], *, content: bool, permalink: bool) -> str:
    items = "".join(
        f"<item><title>{escape(s.title)}</title><link>{s.link}?utm_source=rss</link>"
        + (f"<guid>{s.link}</guid>" if permalink else f"<guid isPermaLink='false'>{s.link[-1]}</guid>")
        + f"<pubDate>{date(s.at)}</pubDate>"
        + (
            f"<description>Short.</description><content:encoded><![CDATA[{_html(s)}]]></content:encoded>"
            if content
            else f"<description>{escape(_html(s))}</description>"
        )
        + f"<enclosure url='{HOST}/{s.link[-1]}.mp3' type='audio/mpeg' length='1'/></item>"
        for s in STORIES
    )
    spaces = ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    head = "<title>Coast</title><link>https://coast.example/</link><language>fr</language>"
    return f'<rss version="{version}"{spaces}><channel>{head}{items}</channel></rss>'


def _rdf(date: Callable[[datetime], str], *, content: bool, permalink: bool) -> str:
    inside = "content:encoded" if content else "description"
    items = "".join(
        f'<item rdf:about="{s.link}"><title>{escape(s.title)}</title><link>{s.link}{"" if permalink else "#rss"}</link>'
        f"<dc:date>{date(s.at)}</dc:date><{inside}>{escape(_html(s))}</{inside}></item>"
        for s in STORIES
    )
    return (
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>Coast</title><dc:language>fr</dc:language></channel>{items}</rdf:RDF>"
    )


def _atom(space: str, date: Callable[[datetime], str], *, content: bool, permalink: bool) -> str:
    published = "issued" if "purl" in space else "published"

    def text(s: Story) -> str:
        if content:
            return f"<summary>Short.</summary><content type='html'>{escape(_html(s))}</content>"
        return f"<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>{_xhtml(s)}</div></content>"

    entries = "".join(
        f"<entry><id>{s.link if permalink else 'tag:coast.example,2026:' + s.link[-1]}</id>"
        f"<title>{escape(s.title)}</title><link rel='alternate' type='text/html' href='/2026/{s.link[-1]}'/>"
        f"<{published}>{date(s.at)}</{published}>{text(s)}</entry>"
        for s in STORIES
    )
    return f'<feed xmlns="{space}" xml:base="{HOST}/" xml:lang="fr"><title>Coast</title>{entries}</feed>'


def _xhtml(story: Story) -> str:
    return "".join(f"<p>{escape(each, quote=False)}</p>" for each in story.text.split("\n\n"))


def _json(version: str, date: Callable[[datetime], str], *, content: bool, permalink: bool) -> str:
    items = [
        {
            "id": s.link if permalink else int(s.link[-1]),
            "url": s.link,
            "title": s.title,
            "date_published": date(s.at),
            **({"content_html": _html(s)} if content else {"content_text": s.text}),
        }
        for s in STORIES
    ]
    head = {"version": f"https://jsonfeed.org/version/{version}", "title": "Coast", "language": "fr"}
    return json.dumps({**head, "items": items}, ensure_ascii=False)


def _formats(date: Callable[[datetime], str], *, content: bool, permalink: bool) -> Iterator[tuple[str, str]]:
    for version in ("0.91", "0.92", "2.0"):
        yield f"rss {version}", _rss(version, date, content=content, permalink=permalink)
    yield "rss 1.0", _rdf(date, content=content, permalink=permalink)
    yield "atom 0.3", _atom("http://purl.org/atom/ns#", date, content=content, permalink=permalink)
    yield "atom 1.0", _atom("http://www.w3.org/2005/Atom", date, content=content, permalink=permalink)
    for version in ("1", "1.1"):
        yield f"json {version}", _json(version, date, content=content, permalink=permalink)


def _raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKED: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("plain", "", lambda data: data),
    ("gzip", "gzip", gzip.compress),
    ("deflate", "deflate", zlib.compress),
    ("raw deflate", "deflate", _raw_deflate),
    ("br", "br", brotli.compress),
    ("zstd", "zstd", zstd.compress),
    ("gzip file", "", gzip.compress),
)

WRITTEN: tuple[tuple[str, str, str], ...] = (
    # name, encoding of the bytes, what the header says
    ("utf-8", "utf-8", "application/xml"),
    ("utf-8 with a mark", "utf-8-sig", "text/xml; charset=us-ascii"),
    ("utf-16", "utf-16", "application/rss+xml"),
    ("utf-16 without a mark", "utf-16-be", "text/plain"),
    ("windows-1252", "windows-1252", "text/xml; charset=utf-8"),
    ("utf-8 called latin-1", "utf-8", "text/html; charset=iso-8859-1"),
    ("no header", "utf-8", ""),
)


def good_kinds() -> list[Kind]:
    """Feeds that give all stories, each in full."""
    found = []
    styles = product(DATES.items(), (True, False), (True, False))
    for number, ((named, date), content, permalink) in enumerate(styles):
        for place, (form, text) in enumerate(_formats(date, content=content, permalink=permalink)):
            packing, coding, pack = PACKED[(number + place) % len(PACKED)]
            writing, encoding, header = WRITTEN[(number * 3 + place) % len(WRITTEN)]
            if form.startswith("json") and encoding == "windows-1252":
                encoding = "utf-8"  # JSON is Unicode (RFC 8259, 8.1)
            declared = encoding.removesuffix("-sig").removesuffix("-be")
            whole = text if form.startswith("json") else f'<?xml version="1.0" encoding="{declared}"?>\n{text}'
            headers = {"Content-Encoding": coding} if coding else {}
            if header:
                headers["Content-Type"] = header
            name = f"{form}, {named} dates, {'content' if content else 'description'}, {writing}, {packing}, {number}"
            found.append(Kind(name, pack(whole.encode(encoding)), headers, stories=STORIES))
    return found


def bad_kinds() -> list[Kind]:
    """What is no feed, or cannot be had, with a piece of the reason that is to be told."""
    feed = _rss("2.0", DATES["rfc822"], content=True, permalink=True).encode()
    half = gzip.compress(feed)[:-40]
    page = b"<!DOCTYPE html><html><head><title>Not found</title></head><body>404</body></html>"
    return [
        Kind("a web page", page, reason="a web page, not a feed"),
        Kind("nothing", b"", reason="the document is empty"),
        Kind("a picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, reason="neither RSS nor Atom"),
        Kind("other XML", b"<svg xmlns='http://www.w3.org/2000/svg'/>", reason="neither RSS nor Atom"),
        Kind("other JSON", b'{"posts": []}', reason="JSON, but no JSON Feed"),
        Kind(
            "half of a JSON Feed",
            b'{"version": "https://jsonfeed.org/version/1", "items": [{',
            reason="broken JSON",
        ),
        Kind("half of a gzip", half, {"Content-Encoding": "gzip"}, reason="its compression is broken"),
        Kind("an unknown coding", feed, {"Content-Encoding": "lzma"}, reason="compressed in an unknown way: lzma"),
        Kind("gone", page, status=410, reason="HTTP 410: it is gone for good"),
        Kind("missing", page, status=404, reason="HTTP 404"),
        Kind("forbidden", page, status=403, reason="HTTP 403"),
        Kind("a login", page, status=401, reason="HTTP 401: it needs a login"),
        Kind("overload", page, {"Retry-After": "120"}, status=503, reason="retry after 120"),
        Kind("too many", page, {"Retry-After": "60"}, status=429, reason="it asks for fewer requests"),
        Kind("nowhere", b"", status=302, reason="does not say where to"),
        Kind("a script", b"", {"Location": "javascript:alert(1)"}, status=302, reason="redirected to what is no http"),
    ]


def publish(server: FeedServer, kinds: list[Kind]) -> list[tuple[str, str]]:
    """Serve them; name and address of each."""
    found = []
    for number, kind in enumerate(kinds):
        path = f"/kind/{number}"
        server.answer(path, Answer(status=kind.status, body=kind.body, headers=kind.headers))
        found.append((kind.name, server.url_for(path)))
    return found
