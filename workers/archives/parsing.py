"""One line of JSON, or the bytes of one text file, to an `Article`. Pure: no file, no clock.

What is harmless is mended (a numeric id, a naive time); what is not is refused with a reason for people.
"""

from __future__ import annotations

import codecs
import json
import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pydantic import ValidationError

from topics.articles import Article, article_id, canonical_url, revision_of
from workers.web.dates import parse_date

MAX_TITLE_CHARS = 200
"""A first line of a text file that is longer is a paragraph, not a headline."""

_SECONDS = range(10**8, 10**10)  # 1973 to 2286; milliseconds of the same years do not overlap with it
_MILLISECONDS = range(10**11, 10**13)
_ENCODING_OF_BOM = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


class NotAnArticle(ValueError):
    """The input is not an article. The message says what was found and what was expected."""


def article_from_json(line: bytes, fetched_at: datetime) -> Article:
    """The article in one line of JSONL. Raises NotAnArticle."""
    return article_from_fields(_object(line), fetched_at)


def article_from_fields(found: dict[str, object], fetched_at: datetime) -> Article:
    """The article that the named values make. Raises NotAnArticle."""
    text, title = _string(found, "text"), _string(found, "title") or ""
    if text is None:
        raise NotAnArticle("text: missing; every article needs it")
    return article_of(
        identity=_string(found, "id"),
        title=title,
        text=text,
        url=_url(found),
        published_at=_time(found, "published_at"),
        fetched_at=fetched_at,
        source=_string(found, "source"),
        feed=_string(found, "feed"),
        lang=_string(found, "lang"),
        tags=_tags(found),
    )


def article_of(
    *,
    title: str,
    text: str,
    fetched_at: datetime,
    identity: str | None = None,
    url: str | None = None,
    published_at: datetime | None = None,
    source: str | None = None,
    feed: str | None = None,
    lang: str | None = None,
    tags: tuple[str, ...] = (),
) -> Article:
    """The article of these values; without `identity` its address or its words are its id. Raises NotAnArticle."""
    if not text.strip() and not title.strip():
        raise NotAnArticle("text: empty, and there is no title either")
    try:
        return Article(
            id=identity or article_id(url=url, title=title, text=text),
            revision=revision_of(title, text),
            url=url,
            title=title,
            text=text,
            published_at=published_at,
            fetched_at=fetched_at,
            source=source,
            feed=feed,
            lang=lang,
            tags=tags,
        )
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in problem["loc"]) or "article"
        raise NotAnArticle(f"{where}: {problem['msg']}") from error


def article_from_text(content: bytes, fetched_at: datetime) -> Article:
    """The article in a text file. A short first line before a blank line is the title. Raises NotAnArticle."""
    decoded = _decoded(content)
    if not decoded.strip():
        raise NotAnArticle("the file is empty")
    if "\0" in decoded:
        raise NotAnArticle("the file holds NUL bytes: it is not text")
    title, text = _headline(decoded)
    return Article(
        id=article_id(title=title, text=text),
        revision=revision_of(title, text),
        title=title,
        text=text,
        fetched_at=fetched_at,
    )


def parse_time(value: object) -> datetime:
    """A moment in UTC, from ISO 8601, the form of RFC 5322, or Unix seconds or milliseconds. Naive means UTC.

    Raises NotAnArticle.
    """
    try:
        moment = _moment(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError) as error:
        raise NotAnArticle(f"expected a time such as 2026-03-01T23:50:00Z, found {_shown(value)}") from error


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        words = value.strip()
        for zone in (" UTC", " GMT", " Z"):
            if words.upper().endswith(zone) and words[:1].isdigit():
                words = words[: -len(zone)].rstrip() + "Z"
        try:
            return datetime.fromisoformat(words)
        except ValueError:
            return parsedate_to_datetime(words)
    if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
        if int(value) in _SECONDS:
            return datetime.fromtimestamp(value, UTC)
        if int(value) in _MILLISECONDS:
            return datetime.fromtimestamp(value / 1000, UTC)
    raise ValueError(value)


def _object(line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise NotAnArticle(
            f"not UTF-8: byte 0x{line[error.start]:02x} at column {error.start + 1} cannot be read"
        ) from error
    except json.JSONDecodeError as error:
        raise NotAnArticle(f"not JSON: {error.msg} at column {error.colno}") from error
    except RecursionError as error:
        raise NotAnArticle("not an article: the JSON is nested too deeply") from error
    except ValueError as error:  # a number of more digits than Python converts
        raise NotAnArticle(f"not JSON that can be read: {error}") from error
    if not isinstance(found, dict):
        raise NotAnArticle(f"expected a JSON object with a field `text`, found {_shown(found)}")
    return found


def _string(found: dict[str, object], field: str) -> str | None:
    """A string; a number is written out, except as `text`, where it is surely a mistake. Empty is None but for text."""
    value = found.get(field)
    if value is None:
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool) and field != "text":
        value = str(value)
    if not isinstance(value, str):
        raise NotAnArticle(f"{field}: expected a string, found {_shown(value)}")
    return _utf8(field, value) if value or field == "text" else None


def _utf8(field: str, value: str) -> str:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise NotAnArticle(
            f"{field}: half of a surrogate pair (U+{ord(value[error.start]):04X}) at character {error.start}; "
            "it is no character and cannot be written as UTF-8"
        ) from error
    return value


def _url(found: dict[str, object]) -> str | None:
    url = _string(found, "url")
    if url is not None:
        try:
            canonical_url(url)
        except ValueError as error:
            raise NotAnArticle(f"url: not an address ({error}), found {_shown(url)}") from error
    return url


def _time(found: dict[str, object], field: str) -> datetime | None:
    value = found.get(field)
    if value is None or value == "":
        return None
    try:
        return parse_time(value)
    except NotAnArticle as error:
        # As people and spreadsheets write it, if it can be read in one way only.
        if isinstance(value, str) and (moment := parse_date(value, language=_string(found, "lang"))) is not None:
            return moment
        raise NotAnArticle(f"{field}: {error}") from error


def _tags(found: dict[str, object]) -> tuple[str, ...]:
    value = found.get("tags")
    if value is None or value == "":
        return ()
    entries = value if isinstance(value, list) else [value]
    tags = []
    for entry in entries:
        if isinstance(entry, bool) or not isinstance(entry, (str, int, float)):
            raise NotAnArticle(f"tags: expected a list of strings, found {_shown(value)}")
        tags.append(_utf8("tags", str(entry)))
    return tuple(tags)


def _decoded(content: bytes) -> str:
    """By its byte order mark, else UTF-8, else cp1252, which is what older newsroom software wrote."""
    encoding = next((name for bom, name in _ENCODING_OF_BOM if content.startswith(bom)), "utf-8")
    try:
        decoded = content.decode(encoding)
    except UnicodeDecodeError:
        decoded = content.decode("cp1252", "replace")
    return decoded.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def _headline(decoded: str) -> tuple[str, str]:
    first, _, rest = decoded.partition("\n")
    blank, newline, body = rest.partition("\n")
    if not first.strip() or len(first.strip()) > MAX_TITLE_CHARS or blank.strip() or not newline or not body.strip():
        return "", decoded
    return first.strip(), body.lstrip("\n")


def _shown(value: object) -> str:
    shown = json.dumps(value, ensure_ascii=True) if not isinstance(value, (dict, list)) else _kind(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def _kind(value: dict[object, object] | list[object]) -> str:
    return f"an object of {len(value)} fields" if isinstance(value, dict) else f"a list of {len(value)}"
