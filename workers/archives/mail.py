"""Newsletters and wires that came by mail: mbox files and single messages (EML) to articles."""

from __future__ import annotations

import email
import io
from collections.abc import Iterator
from email.errors import CloseBoundaryNotFoundDefect, HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import Compat32
from email.utils import parseaddr

from topics.articles import Article, article_id
from workers.archives.formats import Context, Malformed
from workers.archives.parsing import NotAnArticle, article_of
from workers.archives.streams import lines, whole
from workers.web.charsets import decoded
from workers.web.dates import parse_date
from workers.web.html_text import html_to_text, tidy

MAX_PARTS = 1000
MAX_HEADER_CHARS = 2000
"""Of one header; a subject is a line."""

TRIVIAL_CHARS = 100
"""A plain part that is shorter says no more than "your program cannot show this", if there is HTML beside it."""


class _ShortHeaders(Compat32):
    """Reads headers as far as a reader would: the standard library takes minutes for one of a megabyte."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:MAX_HEADER_CHARS]


_SHORT_HEADERS = _ShortHeaders()
_UNREADABLE = (RecursionError, ValueError, LookupError, AssertionError, TypeError, AttributeError)
"""The standard library's parser has an error of its own for many a broken message."""


def read_mbox(stream: io.BufferedReader, context: Context) -> Iterator[Article | Malformed]:
    """The messages of an mbox file (mboxo and mboxrd); each begins at a line `From …` after a blank one."""
    begun, size, blank = 0, 0, True
    held: list[bytes] = []
    for number, line in enumerate(lines(stream, context.limit), start=1):
        content = b"" if line is None else line
        if blank and content.startswith(b"From "):
            if begun:
                yield _taken(b"".join(held), size, context, begun)
            begun, size, held = number, 0, []
        elif begun:
            size += len(content) if line is not None else context.limit + 1
            if size <= context.limit:
                held.append(_unquoted(content))
            else:
                held.clear()
        elif content.strip():
            yield context.malformed(number, "not an mbox file: it does not begin with a line `From …`")
            return
        blank = not content.strip()
    if not begun:
        return
    content = b"".join(held)
    if context.may_grow and (not blank or _lacks_parts(content)):
        yield context.half_written(begun, "the last message does not end with a blank line, or lacks parts")
    elif context.is_being_written and not _has_all_parts(content):
        yield context.half_written(begun, "the last message may go on: somebody wrote to the file just now")
    else:
        yield _taken(content, size, context, begun)


def read_message(stream: io.BufferedReader, context: Context) -> Iterator[Article | Malformed]:
    """The one message of a file."""
    content = whole(stream, context.limit)
    if content is not None and context.may_grow and _lacks_parts(content):
        yield context.half_written(0, "the message lacks parts")
    else:
        yield context.malformed(0, context.too_long) if content is None else _taken(content, len(content), context, 0)


def _lacks_parts(content: bytes) -> bool:
    """Whether a message of several parts does not come to the end of them."""
    return _parts_end(content) is False


def _has_all_parts(content: bytes) -> bool:
    """Whether a message of several parts comes to the end of them: what may follow is no part of what it says."""
    return _parts_end(content) is True


def _parts_end(content: bytes) -> bool | None:
    """Whether a message comes to the end of its parts; None if it has none."""
    try:
        message = email.message_from_bytes(content, policy=_SHORT_HEADERS)
    except _UNREADABLE:
        return None
    if not message.is_multipart():
        return None
    return not any(isinstance(defect, CloseBoundaryNotFoundDefect) for defect in message.defects)


def _taken(content: bytes, size: int, context: Context, line: int) -> Article | Malformed:
    if size > context.limit:
        return context.malformed(line, context.too_long)
    try:
        return article_from_message(content, context)
    except NotAnArticle as error:
        return context.malformed(line, str(error))


def article_from_message(content: bytes, context: Context) -> Article:
    """The article that a message is: subject, readable part, date, sender. Raises NotAnArticle."""
    try:
        message = email.message_from_bytes(content, policy=_SHORT_HEADERS)
        text = _text(message)
        sender, address = parseaddr(_header(message, "From"))
    except _UNREADABLE as error:
        raise NotAnArticle(f"a message that cannot be taken apart: {type(error).__name__}: {error}") from error
    title = _header(message, "Subject")
    if not message.keys():
        raise NotAnArticle("not a message: it has no headers")
    number = "".join(_header(message, "Message-ID").split()).strip("<>")
    return article_of(
        identity=article_id(guid=f"mid:{number}") if number else None,
        title=title,
        text=text,
        published_at=parse_date(_header(message, "Date")),
        source=sender or address.rpartition("@")[2] or None,
        fetched_at=context.clock(),
    )


def _text(message: Message) -> str:
    plain = html = ""
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS or (plain and html):
            break
        if part.is_multipart() or part.get_content_disposition() == "attachment":
            continue
        kind = part.get_content_type()
        if kind == "text/plain" and not plain:
            plain = tidy(_payload(part))
        elif kind == "text/html" and not html:
            html = html_to_text(_payload(part))
    return html if len(plain) < TRIVIAL_CHARS and len(html) > len(plain) else plain


def _payload(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return str(content or "")
    return decoded(content, str(part.get("Content-Type") or "text/plain"))


def _header(message: Message, name: str) -> str:
    """One header in one line, its encoded words read; what cannot be read becomes U+FFFD."""
    try:
        written = message.get(name)
        pieces = decode_header(str(written)) if written is not None else []
    except (HeaderParseError, ValueError, LookupError, AssertionError):
        return " ".join(str(message.get(name) or "").split())
    words = "".join(_word(piece, charset) for piece, charset in pieces)
    return " ".join(words.encode("utf-8", "surrogateescape").decode("utf-8", "replace").replace("\0", "").split())


def _word(piece: bytes | str, charset: str | None) -> str:
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):
        return piece.decode("utf-8", "replace")


def _unquoted(line: bytes) -> bytes:
    """mboxrd quotes a line `From …` of a text, and one that is quoted already, by a `>`."""
    return line[1:] if line.lstrip(b">").startswith(b"From ") and line.startswith(b">") else line
