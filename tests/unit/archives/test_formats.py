"""Archives of every format: what an item becomes, and what is told of one that is none."""

from __future__ import annotations

import gzip
import io
import json
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from backports import zstd
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from topics.articles import Article, article_id
from workers.archives import readers
from workers.archives.formats import Form, Format, Malformed, format_of, parse_columns
from workers.archives.pages import PageProcess
from workers.archives.readers import Archive, read_paths
from workers.errors import InputError
from workers.web.page_process import PageError

NOW = datetime(2026, 3, 5, tzinfo=UTC)
PARAGRAPHS = [
    "The harbour of Narvik reopened on Sunday after a storm that had closed it for three days, officials said.",
    "Forty ships had waited outside since Thursday, among them two tankers with fuel for the northern towns.",
    "“We are relieved,” said the harbour master, who had slept in her office since the storm began.",
]
DESCRIBED = '{"@type": "NewsArticle", "datePublished": "2026-03-01T10:00:00+02:00"}'
PAGE = (
    "<!DOCTYPE html><html lang='en-GB'><head><title>Harbour reopens | Coast</title>"
    "<meta property='og:title' content='Harbour reopens'><meta property='og:site_name' content='Coast Gazette'>"
    f"<link rel='canonical' href='/2026/harbour'><script type='application/ld+json'>{DESCRIBED}</script></head>"
    "<body><nav><a href='/'>Home</a> <a href='/s'>Sport</a></nav><article><h1>Harbour reopens</h1>"
    + "".join(f"<p>{each}</p>" for each in PARAGRAPHS)
    + "</article><footer>© Coast</footer></body></html>"
).encode()
MAIL = (
    b"From: =?utf-8?q?Coast_=E2=80=94_Morning?= <news@coast.example>\nTo: x@y.example\n"
    b"Subject: =?utf-8?b?SGFyYm91ciDigJMgb3Blbg==?=\nDate: Sun, 01 Mar 2026 10:00:00 +0200\n"
    b"Message-ID: <1@coast.example>\nContent-Type: text/plain; charset=utf-8\n\n"
    b"Ships came.\nFrom the north, too.\n"
)


def read(*paths: Path | str, form: Form | None = None) -> list[Article | Malformed]:
    return list(read_paths([str(path) for path in paths], clock=lambda: NOW, form=form or Form()))


def one(path: Path, form: Form | None = None) -> Article:
    (found,) = read(path, form=form)
    assert isinstance(found, Article), found
    return found


def write(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl", Format.JSONL), ("a.NDJSON.GZ", Format.JSONL), ("a.csv.zst", Format.CSV), ("a.tsv", Format.CSV),
        ("a.txt", Format.TEXT), ("a.htm", Format.HTML), ("a.warc.gz", Format.WARC), ("a.mbox", Format.MBOX),
        ("a.eml", Format.EML), ("a.md", None), ("warc", None), ("a.gz", None),
    ],
)  # fmt: skip
def test_the_name_tells_the_format(name: str, expected: Format | None) -> None:
    assert format_of(name) is expected


@pytest.mark.parametrize(
    "pack", [gzip.compress, zstd.compress, lambda data: zstd.compress(data[:9]) + zstd.compress(data[9:])]
)
def test_every_format_may_be_compressed_and_is_known_by_its_bytes(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    write(tmp_path / "a.jsonl.zst", pack(b'{"text": "one"}\n{"text": "two"}\n'))
    write(tmp_path / "b.csv", pack(b"title,text\nT,three\n"))
    write(tmp_path / "c.txt.gz", pack(b"four"))
    write(tmp_path / "d.mbox.zst", pack(b"From a b\n" + MAIL))
    assert [a.text if isinstance(a, Article) else a for a in read(tmp_path)] == [
        "one", "two", "three", "four", "Ships came.\nFrom the north, too.",
    ]  # fmt: skip


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_a_compressed_file_that_ends_early_gives_what_it_holds(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    rows = "".join(f"{n},text of {n * 7919 % 10007} {n}\n" for n in range(30_000))
    packed = pack(f"id,text\n{rows}".encode())
    found = read(write(tmp_path / "a.csv.gz", packed[: len(packed) // 2]))
    last = found[-1]
    assert len(found) > 1000
    assert isinstance(last, Malformed)
    assert "ends early" in last.reason
    assert abs(last.line - len(found) - 1) <= 1


def test_a_name_that_lies_about_compression_is_told(tmp_path: Path) -> None:
    (found,) = read(write(tmp_path / "a.csv.zst", b"text\nx\n"))
    assert str(found).endswith("a.csv.zst: not a Zstandard file, though its name says so")


def test_a_table_by_the_usual_names(tmp_path: Path) -> None:
    content = (
        "\ufeffHeadline;Body;Date;Link;Publication;Keywords;Other\r\n"
        '"Harbour; open";"Ships came.\nMany ""large"" ones.";"1 March 2026 10:00";'
        "https://c.example/1;Coast;sea, trade;x\r\n\r\n"
        "Second;Text.;2026-03-02;;;;\r\n"
    )
    first, second = read(write(tmp_path / "a.csv", content))
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert (first.title, first.text) == ("Harbour; open", 'Ships came.\nMany "large" ones.')
    assert first.published_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert (first.url, first.source, first.tags) == ("https://c.example/1", "Coast", ("sea", "trade"))
    assert first.id == article_id(url="https://c.example/1")
    assert (second.url, second.source, second.tags) == (None, None, ())


def test_a_table_by_its_columns(tmp_path: Path) -> None:
    named = write(tmp_path / "a.csv", "a,b,c\nT,X,2026-03-01\n")
    form = Form(columns=parse_columns("title=A, text=b,published_at=c"))
    assert (one(named, form).title, one(named, form).text) == ("T", "X")
    headless = write(tmp_path / "b.tsv", "T\tX\t2026-03-01\n")
    assert one(headless, Form(columns=parse_columns("title=1,text=2,published_at=3"))).text == "X"


@pytest.mark.parametrize(
    ("columns", "content", "reason"),
    [
        ("", "a,b\n1,2\n", "no column is the text: name it, as in --columns text=NAME; the table has a, b"),
        ("text=c", "a,b\n1,2\n", "no column 'c'; the table has a, b"),
        ("text=7", "a,b\n1,2\n", "the table has 2 columns"),
        ("", "text,id\nx,1,9\n", "3 cells in a table of 2 columns"),
        ("", "text,date\nx,03/04/2026\n", "published_at: expected a time"),
        ("", "text,title\n,\n \n'', \n", ""),
        ("", "text\n \n" + '"never closed\n' * 3, ""),
    ],
)
def test_rows_and_tables_that_are_none(tmp_path: Path, columns: str, content: str, reason: str) -> None:
    found = read(write(tmp_path / "a.csv", content), form=Form(columns=parse_columns(columns) if columns else {}))
    if reason:
        assert isinstance(found[0], Malformed)
        assert reason in found[0].reason
        assert found[0].line == (1 if "column" in found[0].reason and "cells" not in found[0].reason else 2)


def test_rows_are_counted_by_lines_of_the_file(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.csv", 'id,text\n1,"two\nlines"\n\n2,x,3\n3,y\n'))
    assert [each.line if isinstance(each, Malformed) else each.id for each in found] == ["1", 5, "3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_table_of_any_encoding(tmp_path: Path, encoding: str) -> None:
    found = one(write(tmp_path / "a.csv", "title,text\nCafé,“Señor”\n".encode(encoding)))
    assert (found.title, found.text) == ("Café", "“Señor”")


def test_a_quote_that_is_never_closed_costs_no_more_than_one_item(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MAX_LINE_BYTES", 10_000)
    rows = [f"{n},text {n}" for n in range(3000)]
    rows[5] = '5,"never closed'
    found = read(write(tmp_path / "a.csv", "id,text\n" + "\n".join(rows)))
    assert sum(isinstance(each, Malformed) for each in found) == 1
    assert len(found) > 2000
    broken = next(each for each in found if isinstance(each, Malformed))
    assert broken.line == 7
    assert "not a row of CSV" in broken.reason


def test_lines_of_a_table_that_are_too_long_are_skipped_without_being_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MAX_LINE_BYTES", 1 << 20)
    with gzip.open(tmp_path / "a.csv.gz", "wb", compresslevel=1) as stream:
        stream.write(b"id,text\n1,before\n2,")
        for _ in range(64):
            stream.write(b"0" * (1 << 20))
        stream.write(b"\n3,after\n")
    tracemalloc.start()
    found = read(tmp_path / "a.csv.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [each.line if isinstance(each, Malformed) else each.text for each in found] == ["before", 3, "after"]
    assert peak < 16 << 20


def test_a_mailbox(tmp_path: Path) -> None:
    html = (
        MAIL.replace(b"text/plain", b"text/html")
        .replace(b"<1@", b"<2@")
        .replace(b"Ships came.", b"<p>Ships &amp; boats.</p>")
    )
    quoted = MAIL.replace(b"<1@", b"<3@").replace(b"From the", b">From the")
    broken = b"no header at all\n"
    box = b"\n".join(b"From sender Sun Mar  1 10:00:00 2026\n" + each for each in (MAIL, html, quoted, broken))
    first, second, third, fourth = read(write(tmp_path / "a.mbox", box))
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert isinstance(third, Article)
    assert (first.title, first.source) == ("Harbour – open", "Coast — Morning")
    assert first.text == third.text == "Ships came.\nFrom the north, too."
    assert first.published_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert first.id == article_id(guid="mid:1@coast.example")
    assert second.text.startswith("Ships & boats.")
    assert isinstance(fourth, Malformed)
    assert (fourth.line, fourth.reason) == (34, "not a message: it has no headers")


def test_a_message_of_many_parts(tmp_path: Path) -> None:
    long = "Ships came to the harbour. " * 10
    content = (
        "From: news@coast.example\nSubject: Parts\nContent-Type: multipart/mixed; boundary=B\n\n--B\n"
        "Content-Type: multipart/alternative; boundary=C\n\n--C\nContent-Type: text/plain\n\nThere is no HTML here.\n"
        "--C\nContent-Type: text/html; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\n"
        f"<p>Caf=E9. {long}</p>\n"
        "--C--\n--B\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nNot this.\n--B--\n"
    )
    found = one(write(tmp_path / "a.eml", content))
    assert found.text == f"Café. {long.strip()}"
    assert found.source == "coast.example"


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0" * 100, b"Subject: x\n\n", b"Subject: =?nonsense?b?////?=\nFrom: =?utf-8?q?=ZZ?=\n\nBody.",
        b"Content-Type: multipart/mixed; boundary=B\n\n" + b"--B\nContent-Type: multipart/mixed; boundary=B\n\n" * 3000,
        b"Content-Type: text/plain; charset=nonsense-9\nSubject: x\n\n\xff\xfe\xfd",
        b"Content-Transfer-Encoding: base64\nSubject: x\n\n!!!!",
        b"Subject:" + b" =?utf-8?q?a?=" * 5000 + b"\n\nBody.",
    ],
)  # fmt: skip
def test_messages_that_are_broken_are_read_or_told(tmp_path: Path, content: bytes) -> None:
    for name in ("a.eml", "a.mbox"):
        for found in read(write(tmp_path / name, content)):
            assert isinstance(found, (Article, Malformed))


def test_what_is_no_mailbox(tmp_path: Path) -> None:
    (found,) = read(write(tmp_path / "a.mbox", b"\n\nHello\n"))
    assert str(found) == f"{tmp_path / 'a.mbox'}:3: not an mbox file: it does not begin with a line `From …`"


def test_a_message_that_is_too_long_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_LINE_BYTES", 4096)
    box = b"From a\n" + MAIL + b"\nFrom b\nSubject: x\n\n" + b"long line\n" * 2000 + b"\nFrom c\n" + MAIL
    found = read(write(tmp_path / "a.mbox", box))
    assert [each.line if isinstance(each, Malformed) else each.source for each in found] == [
        "Coast — Morning", 12, "Coast — Morning",
    ]  # fmt: skip


def test_a_page(tmp_path: Path) -> None:
    found = one(write(tmp_path / "a.html", PAGE.replace(b"href='/2026", b"href='https://coast.example/2026")))
    assert (found.title, found.text) == ("Harbour reopens", "\n\n".join(PARAGRAPHS))
    assert (found.url, found.source, found.lang) == ("https://coast.example/2026/harbour", "Coast Gazette", "en-gb")
    assert found.published_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert found.id == article_id(url="https://coast.example/2026/harbour")


@pytest.mark.parametrize(
    "content", [b"", b"words", b"<html><body></body></html>", b"\xff\xd8\xff" * 50, b"<div>" * 50_000]
)
def test_pages_without_an_article_are_told(tmp_path: Path, content: bytes) -> None:
    (found,) = read(write(tmp_path / "a.html", content))
    assert isinstance(found, Malformed)


def warc(*pages: tuple[str, bytes, str], packed: bool = True) -> bytes:
    """A WARC of responses: address, body, content type."""
    stream = io.BytesIO()
    writer = WARCWriter(stream, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "test"}))
    for url, body, kind in pages:
        headers = StatusAndHeaders("200 OK", [("Content-Type", kind)], protocol="HTTP/1.1")
        record = writer.create_warc_record(
            url, "response", payload=io.BytesIO(body), http_headers=headers,
            warc_headers_dict={"WARC-Date": "2026-03-02T12:00:00Z"},
        )  # fmt: skip
        writer.write_record(record)
    return stream.getvalue()


@pytest.mark.parametrize("form", ["plain", "a member a record", "one member", "zstd"])
def test_a_crawl(tmp_path: Path, form: str) -> None:
    undated = PAGE.replace(b"datePublished", b"x")
    pages = [
        ("https://coast.example/1", PAGE, "text/html; charset=utf-8"),
        ("https://coast.example/x.png", b"\x89PNG", "image/png"),
        ("https://hills.example/2", undated, "text/html"),
        ("https://hills.example/3", b"<html></html>", "text/html"),
    ]
    content = warc(*pages, packed=form == "a member a record")
    content = {"one member": gzip.compress, "zstd": zstd.compress}.get(form, bytes)(content)
    suffix = {"plain": ".warc", "zstd": ".warc.zst"}.get(form, ".warc.gz")
    first, second, third = read(write(tmp_path / f"a{suffix}", content))
    assert isinstance(first, Article)
    assert isinstance(second, Article)
    assert (first.url, first.title) == ("https://coast.example/2026/harbour", "Harbour reopens")
    assert first.published_at == datetime(2026, 3, 1, 8, tzinfo=UTC)
    assert second.published_at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert isinstance(third, Malformed)
    assert (third.line, third.reason) == (5, "no article is found on the page")


def test_a_record_of_a_crawl_that_is_broken_does_not_stop_the_rest(tmp_path: Path) -> None:
    good = warc(("https://coast.example/1", PAGE, "text/html"), packed=False)
    no_http = b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 7\r\n\r\nno HTTP\r\n\r\n"
    no_address = good[good.index(b"WARC/1.0", 10) :].replace(b"WARC-Target-URI: https://coast.example/1\r\n", b"")
    found = read(
        write(tmp_path / "a.warc", no_http + no_address + good + b"WARC/1.0\r\nContent-Length: 99\r\n\r\nhalf")
    )
    assert [each.line if isinstance(each, Malformed) else each.title for each in found] == [
        1, "Harbour reopens", "Harbour reopens", 5,
    ]  # fmt: skip


@pytest.mark.parametrize("packed", [False, True])
def test_a_crawl_that_is_cut_anywhere_says_so(tmp_path: Path, *, packed: bool) -> None:
    first = warc(packed=False)
    robots = warc(("https://coast.example/robots.txt", b"Disallow: x", "text/plain"), packed=False)
    for place in range(len(first) + 2, len(robots) - 4, 3):
        if place == robots.index(b"\r\n\r\n", len(first)):
            continue
        content = gzip.compress(robots[:place], mtime=0) if packed else robots[:place]
        found = read(write(tmp_path / ("a.warc.gz" if packed else "a.warc"), content))
        assert [each.line for each in found if isinstance(each, Malformed)] == [2], robots[:place]


@pytest.mark.timeout(120)
def test_headers_that_are_made_to_take_hours_take_no_time(tmp_path: Path) -> None:
    for header in (
        b"Content-Type: text/plain; " + b"a=b; " * 400_000,
        b"From: " + b"(" * 1_000_000,
        b"Subject:" + b" =?" * 9**6,
    ):
        begun = time.process_time()
        read(write(tmp_path / "a.eml", b"Subject: x\n" + header + b"\n\nBody.\n"))
        assert time.process_time() - begun < 10


def test_a_format_that_is_given_goes_before_the_name(tmp_path: Path) -> None:
    box = write(tmp_path / "Inbox", b"From a b\n" + MAIL)
    with pytest.raises(InputError, match="unknown kind of file"):
        read(box)
    assert one(box, Form(Format.MBOX)).title == "Harbour – open"
    assert [row.file for row in Archive([str(tmp_path)], form=Form(Format.MBOX)).rows] == [str(box)]


@pytest.mark.parametrize("words", ["title", "title=", "headline=x", "text=a,text=b", "=a"])
def test_columns_that_are_none(words: str) -> None:
    with pytest.raises(ValueError, match=r"expected FIELD=COLUMN|no field|given twice"):
        parse_columns(words)


def test_a_page_that_takes_too_long_is_ended_and_the_next_is_read() -> None:
    pages = PageProcess(seconds=0.01)
    try:
        with pytest.raises(PageError, match=r"longer than 0\.01 s"):
            pages.page(b"<html><body>" + b"<div><table><tr><td>" * 50_000, url=None, content_type=None)
        pages._seconds = 60
        assert pages.page(PAGE, url="https://coast.example/", content_type=None).title == "Harbour reopens"
    finally:
        pages.close()


def test_reading_twice_gives_the_same_items(tmp_path: Path) -> None:
    write(
        tmp_path / "a.warc.gz",
        warc(("https://c.example/1", PAGE, "text/html"), ("https://c.example/2", b"", "text/html")),
    )
    write(tmp_path / "b.csv", "text\nx\n,\n")
    write(tmp_path / "c.jsonl", json.dumps({"text": "y"}) + "\nbroken\n")
    write(tmp_path / "d.mbox", b"From a b\n" + MAIL)
    assert read(tmp_path) == read(tmp_path)
