"""CSV and TSV to articles: the columns by their names, or as the user says."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import chain

from topics.articles import Article
from workers.archives.formats import FIELDS, Context, Malformed
from workers.archives.parsing import NotAnArticle, article_from_fields
from workers.archives.streams import Pieces, lines

_DELIMITERS = ",;\t|"
_ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "guid", "uuid", "article_id", "articleid", "doc_id"),
    "title": ("title", "headline", "head", "subject"),
    "text": ("text", "body", "content", "article", "story", "full_text", "article_text", "maintext", "description"),
    "published_at": (
        "published_at", "published", "publish_date", "published_date", "publication_date", "pubdate", "pub_date",
        "date_published", "datetime", "timestamp", "date", "created_at", "time",
    ),
    "url": ("url", "link", "href", "web_url", "permalink"),
    "source": ("source", "outlet", "publisher", "publication", "source_name", "newspaper", "domain", "site"),
    "lang": ("lang", "language"),
    "tags": ("tags", "keywords", "categories"),
    "feed": ("feed",),
}  # fmt: skip
"""Names of columns that are understood without being told, the likeliest first."""


_OPEN_QUOTE = (
    "a quote is opened in this row and never closed, so that it takes in all {lines} lines to the end: none of them is "
    "read. Close it (a quote that belongs to the text is written twice) and run again"
)


def read_table(stream: io.BufferedReader, context: Context) -> Iterator[Article | Malformed]:
    """The articles of a table's rows. A quote that is never closed costs at most the limit of one item."""
    csv.field_size_limit(context.limit)
    rows = _Rows(stream, context)
    first = next(rows, None)
    if first is None:
        return
    if isinstance(first, Malformed):
        yield first
        return
    try:
        columns, width, headed = _columns(first, context.columns)
    except NotAnArticle as error:
        yield context.malformed(1, str(error), cut=rows.cut)
        return
    if not headed:
        yield _article(first, columns, width, context, 1)
    for row in rows:
        if isinstance(row, Malformed):
            yield row
        elif rows.cut and context.may_grow:
            yield context.half_written(rows.line, "the last row has no line end, or its quotes are open")
        elif rows.swallowed > 1:
            yield context.malformed(rows.line, _OPEN_QUOTE.format(lines=rows.swallowed), cut=True)
        else:
            yield _article(row, columns, width, context, rows.line)


class _Rows:
    """Rows one by one; what cannot be taken apart comes as `Malformed`.

    `line` is where the last row began; `cut`: the table ends in the middle of it.
    """

    def __init__(self, stream: io.BufferedReader, context: Context) -> None:
        self._context = context
        self._problems: list[Malformed] = []
        self._number = 0
        marked = stream.peek(2)[:2] in (b"\xff\xfe", b"\xfe\xff")
        text = _utf16(stream, context.limit) if marked else self._text(_unix(stream))
        head = next(text, None)
        self._head = head
        self._text_lines = text
        self._reader = csv.reader(self._with_head(), delimiter=_delimiter(head or ""), strict=False)
        self.line = 0
        self._ended_line = self._at_end = False

    @property
    def cut(self) -> bool:
        """Whether the last row had no line end, or was looked for beyond the end."""
        return self._at_end or not self._ended_line

    @property
    def swallowed(self) -> int:
        """Over how many lines the last row goes, if it ends only with the table, its quotes open; else 0."""
        return self._reader.line_num - self.line + 1 if self._at_end else 0

    def __iter__(self) -> Iterator[Sequence[str] | Malformed]:
        return self

    def __next__(self) -> Sequence[str] | Malformed:
        while True:
            if self._problems:
                return self._problems.pop(0)
            self.line = self._reader.line_num + 1
            try:
                row = next(self._reader)
            except csv.Error as error:
                return self._context.malformed(self.line, f"not a row of CSV: {error}")
            except StopIteration:
                if self._problems:
                    continue
                raise
            if row and any(cell.strip() for cell in row):
                return [_decoded(cell) for cell in row]

    def _with_head(self) -> Iterator[str]:
        if self._head is not None:
            for line in chain([self._head], self._text_lines):
                self._ended_line = line.endswith(("\n", "\r"))
                yield line
        self._at_end = True

    def _text(self, stream: io.BufferedReader) -> Iterator[str]:
        for number, line in enumerate(lines(stream, self._context.limit), start=1):
            if line is None:
                self._problems.append(self._context.malformed(number, self._context.too_long))
                yield "\n"
            else:
                content = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
                yield content.decode("utf-8", "surrogateescape")


def _from_mac(piece: bytes) -> bytes:
    """Some spreadsheets still end their lines with CR."""
    return piece.replace(b"\r", b"\n")


def _unix(stream: io.BufferedReader) -> io.BufferedReader:
    """`stream` with lines that end with LF, whatever ends its first line."""
    unquoted = b"".join(stream.peek(io.DEFAULT_BUFFER_SIZE).split(b'"')[::2])
    head, _, after = unquoted.partition(b"\r")
    is_mac = b"\n" not in head and after and not after.startswith(b"\n")
    return io.BufferedReader(Pieces(stream, _from_mac)) if is_mac else stream


def _utf16(stream: io.BufferedReader, limit: int) -> Iterator[str]:
    # A longer line comes in pieces: the reader of CSV joins them inside quotes, and refuses them by its own limit.
    text = io.TextIOWrapper(stream, encoding="utf-16", errors="replace", newline="")
    try:
        while line := text.readline(limit):
            yield line
    finally:
        text.detach()  # else it would close the file with itself


def _decoded(cell: str) -> str:
    """A cell that is not UTF-8 is what spreadsheets of Windows write."""
    try:
        cell.encode("utf-8")
    except UnicodeEncodeError:
        return cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace")
    return cell


def _delimiter(head: str) -> str:
    outside = "".join(head.split('"')[::2])
    return max(_DELIMITERS, key=outside.count)


def _columns(first: Sequence[str], wanted: dict[str, str]) -> tuple[dict[str, int], int, bool]:
    """Where each field stands, how many columns there are, and whether the first row is a head. Raises NotAnArticle."""
    names = [name.strip().lower() for name in first]
    numbered = bool(wanted) and all(column.isdigit() for column in wanted.values())
    if numbered and not set(wanted.values()) & set(names):
        places = {name: int(column) - 1 for name, column in wanted.items()}
        if any(not 0 <= place < len(first) for place in places.values()):
            raise NotAnArticle(f"the table has {len(first)} columns; --columns names another one")
        return places, len(first), False
    places = {}
    for field in FIELDS:
        if field in wanted:
            if wanted[field].lower() not in names:
                raise NotAnArticle(f"no column {wanted[field]!r}; the table has {', '.join(first)[:300]}")
            places[field] = names.index(wanted[field].lower())
        elif found := next((alias for alias in _ALIASES[field] if alias in names), None):
            places[field] = names.index(found)
    if not {"text", "title"} & set(places):
        raise NotAnArticle(
            f"no column is the text: name it, as in --columns text=NAME; the table has {', '.join(first)[:300]}"
        )
    return places, len(first), True


def _article(
    row: Sequence[str], columns: dict[str, int], width: int, context: Context, line: int
) -> Article | Malformed:
    if len(row) > width:
        return context.malformed(line, f"{len(row)} cells in a table of {width} columns")
    cells = {field: row[place].strip() for field, place in columns.items() if place < len(row)}
    fields: dict[str, object] = {"text": "", **cells}
    if tags := cells.get("tags"):
        separator = next((each for each in ";|" if each in tags), ",")
        fields["tags"] = [each.strip() for each in tags.split(separator) if each.strip()]
    try:
        return article_from_fields(fields, context.clock())
    except NotAnArticle as error:
        return context.malformed(line, str(error))
