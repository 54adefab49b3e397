"""HTML files and WARC archives to articles. Each page is read in a process that is ended if it takes too long."""

from __future__ import annotations

import io
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed
from warcio.statusandheaders import StatusAndHeadersParser, StatusAndHeadersParserException

from topics.articles import Article
from workers.archives.formats import Context, Malformed
from workers.archives.parsing import NotAnArticle, article_of
from workers.archives.streams import BROKEN_STREAM, whole
from workers.itself import python_module
from workers.web.dates import parse_date
from workers.web.page_process import MODULE, PAGE_SECONDS, PAGES, READY, Page, PageError, Task, answered, asked

_HTML = ("text/html", "application/xhtml+xml")
_HTTP = StatusAndHeadersParser(["HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/2", "HTTP/3"], verify=True)
_CHUNK = 1 << 16
_BROKEN_RECORD = (
    *BROKEN_STREAM,
    ArchiveLoadFailed,
    StatusAndHeadersParserException,
    ValueError,
    KeyError,
    AttributeError,
    TypeError,
    IndexError,
)
"""What warcio raises for odd records: it promises only one of these."""


class PageProcess:
    """The process, started when the first page comes. Use one for a whole archive, and `close` it."""

    def __init__(self, *, seconds: float = PAGE_SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    def page(self, body: bytes, *, url: str | None, content_type: str | None) -> Page:
        """What the page gives. Raises PageError."""
        process = self._running()
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, end)
        timer.start()
        try:
            assert process.stdin is not None  # noqa: S101 - pipes were asked for
            assert process.stdout is not None  # noqa: S101 - pipes were asked for
            process.stdin.write(asked(Task(url=url, content_type=content_type, length=len(body)), body))
            process.stdin.flush()
            return answered(process.stdout.readline())
        except PageError:
            raise
        except (OSError, ValueError):
            self.close()
            if late.is_set():
                raise PageError(f"it takes longer than {self._seconds:g} s to read") from None
            raise PageError("reading it failed: too much memory, or made to fail") from None
        finally:
            timer.cancel()

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and (self._process.poll() is not None or self._read >= PAGES):
            self.close()
        if self._process is None:
            # Its own session: Ctrl-C is for the parent, who ends it.
            self._process = subprocess.Popen(  # noqa: S603 - this very program
                python_module(MODULE),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            self._read = 0
            assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
            if self._process.stdout.readline() != READY:
                self.close()
                raise PageError("the process that reads pages does not start")
        self._read += 1
        return self._process


def read_page(stream: io.BufferedReader, context: Context, pages: PageProcess) -> Iterator[Article | Malformed]:
    """The one page of a file."""
    content = whole(stream, context.limit)
    if content is None:
        yield context.malformed(0, context.too_long)
    else:
        yield _taken(content, context, pages, line=0)


def read_warc(stream: io.BufferedReader, context: Context, pages: PageProcess) -> Iterator[Article | Malformed]:
    """The pages of a WARC file: responses of HTML that were found; other records are passed over."""
    number = 0
    records = iter(ArchiveIterator(stream, no_record_parse=True))
    while True:
        number += 1
        try:
            record = next(records)
        except StopIteration:
            return
        except _BROKEN_RECORD as error:
            yield context.malformed(number, f"cannot be read on: {error}", cut=True)
            return
        try:
            item = _of_record(record, context, pages, number)
        except BROKEN_STREAM as error:
            # The file itself is at fault, and so is all that follows in it.
            yield context.malformed(number, f"cannot be read on: {error}", cut=True)
            return
        except _BROKEN_RECORD as error:
            item = context.malformed(number, f"a record that cannot be read: {error}", cut=_is_cut(record))
        if item is not None:
            yield item


def _is_cut(record: Any) -> bool:
    """Whether the file ends before the record has the length that its head gives, or in its head."""
    while record.raw_stream.read(_CHUNK):
        pass
    return bool(getattr(record.raw_stream, "limit", 1))


def _cut_short(context: Context, number: int) -> Malformed:
    return context.malformed(number, "the file ends in the middle of this record: it is cut short", cut=True)


def _of_record(record: Any, context: Context, pages: PageProcess, number: int) -> Article | Malformed | None:
    if record.rec_type != "response":
        return _cut_short(context, number) if _is_cut(record) else None
    # Not by the iterator, which would end with the first record whose headers are odd.
    record.http_headers = _HTTP.parse(record.raw_stream)
    kind = str(record.http_headers.get_header("Content-Type") or "")
    if record.http_headers.get_statuscode() != "200" or kind.partition(";")[0].strip().lower() not in _HTML:
        return _cut_short(context, number) if _is_cut(record) else None
    content = whole(record.content_stream(), context.limit)
    if content is None:
        return context.malformed(number, context.too_long)
    if _is_cut(record):
        return _cut_short(context, number)
    url = str(record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ") or None
    crawled = parse_date(str(record.rec_headers.get_header("WARC-Date") or ""))
    found = _taken(content, context, pages, line=number, url=url, content_type=kind)
    if isinstance(found, Article) and found.published_at is None and crawled is not None:
        # Not later than this; nearer to the truth than the moment of reading an old archive.
        return found.model_copy(update={"published_at": crawled})
    return found


def _taken(
    content: bytes,
    context: Context,
    pages: PageProcess,
    *,
    line: int,
    url: str | None = None,
    content_type: str | None = None,
) -> Article | Malformed:
    try:
        page = pages.page(content, url=url, content_type=content_type)
        return article_of(
            title=page.title,
            text=page.text,
            url=page.url or url,
            published_at=page.published_at,
            source=page.site,
            lang=page.lang,
            fetched_at=context.clock(),
        )
    except (PageError, NotAnArticle) as error:
        return context.malformed(line, str(error))
