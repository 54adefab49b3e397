"""What comes in through files: every article, and every line that is none, with its place and reason."""

from __future__ import annotations

import gzip
import io
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from topics.articles import Article, article_id, revision_of
from topics.codec import decode, encode
from workers.archives import readers
from workers.archives.readers import Malformed, read_paths
from workers.errors import InputError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def read(*paths: Path | str) -> list[Article | Malformed]:
    return list(read_paths([str(path) for path in paths], clock=lambda: NOW))


def articles(*paths: Path | str) -> list[Article]:
    found = read(*paths)
    assert all(isinstance(each, Article) for each in found), found
    return [each for each in found if isinstance(each, Article)]


def jsonl(path: Path, *records: Any) -> Path:
    path.write_bytes(b"".join(r + b"\n" if isinstance(r, bytes) else json.dumps(r).encode() + b"\n" for r in records))
    return path


def reason_of(tmp_path: Path, record: Any) -> str:
    (found,) = read(jsonl(tmp_path / "one.jsonl", record))
    assert isinstance(found, Malformed), found
    assert (found.file, found.line) == (str(tmp_path / "one.jsonl"), 1)
    return found.reason


def one(tmp_path: Path, record: Any) -> Article:
    (found,) = articles(jsonl(tmp_path / "one.jsonl", record))
    return found


def test_all_fields_are_kept(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        {
            "id": "a1",
            "title": "Harbour reopens",
            "text": "The harbour reopened on Monday.",
            "published_at": "2026-02-28T23:30:00-01:00",
            "source": "Coast Gazette",
            "url": "https://coast.example/1",
            "lang": "en",
            "tags": ["sea", 7],
            "feed": "https://coast.example/rss",
            "unknown": {"x": 1},
        },
    )
    assert found == Article(
        id="a1",
        revision=revision_of("Harbour reopens", "The harbour reopened on Monday."),
        title="Harbour reopens",
        text="The harbour reopened on Monday.",
        published_at=datetime(2026, 3, 1, 0, 30, tzinfo=UTC),
        fetched_at=NOW,
        source="Coast Gazette",
        url="https://coast.example/1",
        lang="en",
        tags=("sea", "7"),
        feed="https://coast.example/rss",
    )


def test_text_alone_is_enough_and_its_hash_is_the_id(tmp_path: Path) -> None:
    found = one(tmp_path, {"text": "Only this."})
    assert found.id == article_id(text="Only this.")
    assert found.fetched_at == NOW


def test_without_an_id_the_address_names_the_article(tmp_path: Path) -> None:
    found = one(tmp_path, {"text": "x", "url": "https://a.example/b?utm_source=q"})
    assert found.id == article_id(url="https://a.example/b")


@pytest.mark.parametrize(("given", "kept"), [(17, "17"), ("  x ", "  x "), (1.5, "1.5"), (10**30, str(10**30))])
def test_an_id_given_is_kept(tmp_path: Path, given: object, kept: str) -> None:
    assert one(tmp_path, {"id": given, "text": "x"}).id == kept


@pytest.mark.parametrize("absent", [None, ""])
def test_null_and_empty_are_absent(tmp_path: Path, absent: object) -> None:
    names = ("id", "title", "published_at", "source", "url", "lang", "tags", "feed")
    found = one(tmp_path, {"text": "x", **dict.fromkeys(names, absent)})
    assert found.id == article_id(text="x")
    assert (found.title, found.published_at, found.source, found.url, found.tags) == ("", None, None, None, ())


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01T10:00:00",
        "2026-03-01 10:00:00 UTC",
        "2026-03-01T12:00:00+02:00",
        "2026-03-01T10:00:00.000000000Z",
        "Sun, 01 Mar 2026 10:00:00 GMT",
        "Sun, 01 Mar 2026 10:00:00 -0000",
        1772359200,
        1772359200000,
    ],
)
def test_times_in_the_forms_that_are_about(tmp_path: Path, time: object) -> None:
    assert one(tmp_path, {"text": "x", "published_at": time}).published_at == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_a_date_is_its_midnight(tmp_path: Path) -> None:
    assert one(tmp_path, {"text": "x", "published_at": "2026-03-01"}).published_at == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "time",
    ["yesterday", "2026-13-01", "0001-01-01T00:00:00+14:00", 5, 10**400, 1e300, True, [2026], {"y": 2026}, "99"],
)
def test_a_time_that_is_none_says_what_was_expected(tmp_path: Path, time: object) -> None:
    reason = reason_of(tmp_path, {"text": "x", "published_at": time})
    assert reason.startswith("published_at: expected a time such as 2026-03-01T23:50:00Z, found ")
    assert len(reason) < 200


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"title": "x"}, "text: missing; every article needs it"),
        ({"text": None}, "text: missing; every article needs it"),
        ({"text": " \n"}, "text: empty, and there is no title either"),
        ({"text": 5}, "text: expected a string, found 5"),
        ({"text": ["a", "b"]}, "text: expected a string, found a list of 2"),
        ({"text": "x", "title": {"a": 1}}, "title: expected a string, found an object of 1 fields"),
        ({"text": "x", "id": True}, "id: expected a string, found true"),
        ({"text": "x", "id": "y" * 513}, "id: String should have at most 512 characters"),
        ({"text": "x", "tags": {"a": 1}}, "tags: expected a list of strings, found an object of 1 fields"),
        ({"text": "x", "tags": [["a"]]}, "tags: expected a list of strings, found a list of 1"),
        ([1, 2], "expected a JSON object with a field `text`, found a list of 2"),
        ("just words", 'expected a JSON object with a field `text`, found "just words"'),
        (b"null", "expected a JSON object with a field `text`, found null"),
        (b'{"text": "x"', "not JSON: Expecting ',' delimiter at column 13"),
        (b"hello", "not JSON: Expecting value at column 1"),
        (b'{"text": "caf\xe9"}', "not UTF-8: byte 0xe9 at column 14 cannot be read"),
        (b"[" * 100_000, "not an article: the JSON is nested too deeply"),
    ],
)
def test_what_is_no_article_is_told_with_its_reason(tmp_path: Path, record: object, reason: str) -> None:
    assert reason_of(tmp_path, record) == reason


def test_half_a_surrogate_pair_is_refused_and_a_whole_one_is_a_character(tmp_path: Path) -> None:
    assert "half of a surrogate pair (U+D83D) at character 3" in reason_of(tmp_path, b'{"text": "hi \\ud83d"}')
    assert "title: half" in reason_of(tmp_path, b'{"text": "x", "title": "\\udc00"}')
    assert "tags: half" in reason_of(tmp_path, b'{"text": "x", "tags": ["\\udc00"]}')
    assert one(tmp_path, b'{"text": "hi \\ud83d\\udd14"}').text == "hi \U0001f514"


def test_an_address_that_is_none(tmp_path: Path) -> None:
    assert reason_of(tmp_path, {"text": "x", "url": "http://[::1"}).startswith("url: not an address")


def test_a_number_of_too_many_digits_is_reported(tmp_path: Path) -> None:
    assert "not JSON that can be read" in reason_of(tmp_path, b'{"text": "x", "id": ' + b"1" * 5000 + b"}")


def test_all_that_is_read_can_travel(tmp_path: Path) -> None:
    found = one(tmp_path, {"text": 'tab\t nul\0 quote" é 🔔 \u2028', "published_at": "1969-12-31"})
    assert decode(Article, encode(found)) == found


def test_bad_lines_do_not_stop_the_rest_and_lines_are_counted_with_blank_ones(tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    file.write_bytes(
        b'\xef\xbb\xbf{"text": "one"}\r\n\r\n   \nbroken\r\n{"text": "two"}\n\n{"text": 3}\n{"text": "end"}'
    )
    found = read(file)
    assert [f.text if isinstance(f, Article) else f.line for f in found] == ["one", 4, "two", 7, "end"]
    assert str(found[1]) == f"{file}:4: not JSON: Expecting value at column 1"


def test_gzip_is_known_by_its_bytes(tmp_path: Path) -> None:
    packed = gzip.compress(b'{"text": "one"}\n{"text": "two"}\n')
    (tmp_path / "a.jsonl.gz").write_bytes(packed)
    (tmp_path / "b.jsonl").write_bytes(packed)
    assert [a.text for a in articles(tmp_path)] == ["one", "two", "one", "two"]


def test_a_gzip_that_ends_early_gives_what_it_holds_and_says_so(tmp_path: Path) -> None:
    lines = [json.dumps({"text": os.urandom(300).hex()}).encode() for _ in range(200)]
    packed = gzip.compress(b"\n".join(lines))
    (tmp_path / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    found = read(tmp_path / "a.jsonl.gz")
    assert len(found) > 50
    assert all(isinstance(each, Article) for each in found[:-1])
    last = found[-1]
    assert isinstance(last, Malformed)
    assert (last.line, "ends early" in last.reason) == (len(found), True)


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_what_stands_before_garbage_is_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(pack(b'{"text": "one"}\n{"text": "two"}\n') + b"garbage")
    *found, last = read(tmp_path / "a.jsonl.gz")
    assert [each.text for each in found if isinstance(each, Article)] == ["one", "two"]
    assert isinstance(last, Malformed)


@pytest.mark.parametrize(
    "content",
    [
        b'{"text": "x"}\n',
        b"",
        gzip.compress(b'{"text": "x"}\n', mtime=0)[:-8] + b"\0" * 8,
        b"\x1f\x8b\x08" + b"\xff" * 60,
    ],
)
def test_a_gzip_that_is_broken_is_reported(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jsonl.gz").write_bytes(content)
    found = read(tmp_path / "a.jsonl.gz")
    assert isinstance(found[-1], Malformed)


def test_utf16_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes('{"text": "x"}\n'.encode("utf-16"))
    (found,) = read(tmp_path / "a.jsonl")
    assert isinstance(found, Malformed)
    assert "UTF-16" in str(found)


def test_a_huge_line_is_skipped_without_being_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_LINE_BYTES", 1 << 20)
    file = tmp_path / "a.jsonl.gz"
    with gzip.open(file, "wb", compresslevel=1) as stream:
        stream.write(b'{"text": "before"}\n{"text": "')
        for _ in range(64):
            stream.write(b"0" * (1 << 20))
        stream.write(b'"}\n{"text": "after"}\n')
    found = read(file)
    assert [f.text if isinstance(f, Article) else f.line for f in found] == ["before", 2, "after"]
    assert "longer than 1 MiB" in str(found[1])


def test_a_line_of_just_the_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_LINE_BYTES", 100)
    exact = b'{"text": "' + b"a" * 88 + b'"}'
    longer = b'{"text": "' + b"a" * 89 + b'"}'
    found = read(jsonl(tmp_path / "a.jsonl", exact, longer, exact))
    assert [isinstance(each, Article) for each in found] == [True, False, True]


@pytest.mark.parametrize(
    ("content", "title", "text"),
    [
        (b"Harbour reopens\n\nShips came.\nMany.\n", "Harbour reopens", "Ships came.\nMany.\n"),
        (b"\xef\xbb\xbfHarbour reopens\r\n\r\n\r\nShips came.\r\n", "Harbour reopens", "Ships came.\n"),
        (b"One line only", "", "One line only"),
        (b"Line one\nline two\n\nmore\n", "", "Line one\nline two\n\nmore\n"),
        (b"Alone before nothing\n\n", "", "Alone before nothing\n\n"),
        (b"w" * 300 + b"\n\nbody", "", "w" * 300 + "\n\nbody"),
        ("Café – “quoted”".encode("cp1252"), "", "Café – “quoted”"),
        ("Café".encode(), "", "Café"),
        ("Café".encode("utf-16"), "", "Café"),
    ],
)
def test_a_text_file(tmp_path: Path, content: bytes, title: str, text: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    (found,) = articles(tmp_path / "a.txt")
    assert (found.title, found.text) == (title, text)
    assert found.id == article_id(title=title, text=text)


@pytest.mark.parametrize("content", [b"", b" \n", b"\x7fELF\0\0\0", b"\x81\0"])
def test_a_text_file_that_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    (found,) = read(tmp_path / "a.txt")
    assert isinstance(found, Malformed)


def test_a_huge_text_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "MAX_LINE_BYTES", 1 << 20)
    (tmp_path / "a.txt").write_bytes(b"a" * ((1 << 20) + 1))
    (found,) = read(tmp_path / "a.txt")
    assert isinstance(found, Malformed)
    assert "larger than 1 MiB" in found.reason


def test_a_folder_is_read_in_sorted_order_and_other_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    jsonl(tmp_path / "b" / "2.JSONL", {"text": "second"})
    jsonl(tmp_path / "a.jsonl", {"text": "first"})
    (tmp_path / "c.txt").write_text("third")
    (tmp_path / "notes.md").write_text("no")
    (tmp_path / "._c.txt").write_bytes(b"\0\0")
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "b" / "nobody-writes.jsonl")
    assert [a.text for a in articles(tmp_path)] == ["first", "second", "third"]


@pytest.mark.parametrize("name", ["missing.jsonl", "a\0b.jsonl"])
def test_a_missing_file_is_named_before_anything_is_read(tmp_path: Path, name: str) -> None:
    jsonl(tmp_path / "a.jsonl", {"text": "x"})
    with pytest.raises(InputError, match=r"missing|null byte"):
        read_paths([str(tmp_path / "a.jsonl"), str(tmp_path / name)])


def test_an_empty_folder_and_an_unknown_kind_are_input_errors(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("no")
    with pytest.raises(InputError, match="holds no"):
        read_paths([str(tmp_path)])
    with pytest.raises(InputError, match=r"notes\.md: unknown kind of file"):
        read_paths([str(tmp_path / "notes.md")])


def test_a_file_that_goes_away_while_others_are_read_is_reported(tmp_path: Path) -> None:
    jsonl(tmp_path / "a.jsonl", {"text": "x"})
    jsonl(tmp_path / "b.jsonl", {"text": "y"})
    stream = read_paths([str(tmp_path)], clock=lambda: NOW)
    assert isinstance(next(stream), Article)
    (tmp_path / "b.jsonl").unlink()
    (last,) = stream
    assert str(last) == f"{tmp_path / 'b.jsonl'}: cannot be opened: No such file or directory"


@pytest.fixture
def standard_input(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The writing end of a pipe that stands for standard input."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
        yield writing


def test_standard_input_is_followed_line_by_line(standard_input: int) -> None:
    stream = read_paths(["-"], clock=lambda: NOW)
    os.write(standard_input, b'{"text": "one"}\nnope\n')
    assert isinstance(next(stream), Article)
    assert str(next(stream)) == "<stdin>:2: not JSON: Expecting value at column 1"
    timer = threading.Timer(0.05, lambda: (os.write(standard_input, b'{"text": "last"}'), os.close(standard_input)))
    timer.start()
    (last,) = stream
    assert isinstance(last, Article)
    assert last.text == "last"


def test_standard_input_may_be_gzip(standard_input: int) -> None:
    os.write(standard_input, gzip.compress(b'{"text": "packed"}\n'))
    os.close(standard_input)
    assert [a.text for a in articles("-")] == ["packed"]


def test_a_named_pipe_is_read_as_jsonl(tmp_path: Path) -> None:
    pipe = tmp_path / "feed"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(b'{"text": "through a pipe"}\n'))
    writer.start()
    assert [a.text for a in articles(pipe)] == ["through a pipe"]
    writer.join()
