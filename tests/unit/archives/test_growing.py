"""An archive that is read while it is written: what was not whole yet is read when it is."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.unit.archives.test_playing import Sink
from topics.articles import Article
from workers.archives.checkpoint import Checkpoint
from workers.archives.formats import QUIET_SECONDS, SETTLED_SECONDS
from workers.archives.playing import Playing
from workers.archives.readers import Archive, files_of, read_paths
from workers.archives.rows import FileRow
from workers.errors import InputError


def line(number: int) -> bytes:
    words = random.Random(number).randbytes(300).hex()  # so that it is long when compressed, too
    return json.dumps({"id": f"a{number}", "text": f"Text {words}."}).encode() + b"\n"


LINES = [line(number) for number in range(4)]


def articles(tmp_path: Path, *files: Path, finished: bool = False) -> list[Article]:
    archive = Archive([str(file) for file in files], finished=finished)
    checkpoint = Checkpoint.of(tmp_path / "mark.json", archive.rows, on_other=lambda _: None)
    sink = Sink()
    with checkpoint.held() as low:
        playing = Playing(order=None, checkpoint=checkpoint, low=low)
        playing.play(archive, sink)
        checkpoint.save(low, finished=True)
    return sorted(sink.confirmed, key=lambda article: (article.title, article.id))


def rested(file: Path, seconds: float = QUIET_SECONDS + 5) -> None:
    """Nobody has written to it for so long."""
    moment = time.time() - seconds
    os.utime(file, (moment, moment))


def each_is_read_once_and_whole(tmp_path: Path, file: Path, half: bytes, whole: bytes, *, rests: bool = True) -> None:
    """Articles 1 to 3, of a file that is read when half of it is written and when all of it is, and then again."""
    file.write_bytes(half)
    if rests:
        rested(file)
    found = articles(tmp_path, file)
    file.write_bytes(whole)
    rested(file)
    found += articles(tmp_path, file)
    assert [(a.title, a.text[-8:]) for a in found] == [(f"Launch {n}", f"nd of {n}.") for n in (1, 2, 3)]
    assert played(tmp_path, file) == []


def played(tmp_path: Path, *files: Path) -> list[str]:
    return sorted(article.id for article in articles(tmp_path, *files))


def test_a_folder_goes_on_with_what_comes_wherever_its_name_puts_it(tmp_path: Path) -> None:
    folder = tmp_path / "news"
    folder.mkdir()

    def played_folder() -> list[str]:
        return played(tmp_path, *(Path(file) for file in files_of(str(folder))))

    (folder / "1.jsonl").write_bytes(LINES[0] + LINES[1][:9])
    assert played_folder() == ["a0"]
    (folder / "1.jsonl").write_bytes(b"".join(LINES[:3]))
    (folder / "2.jsonl").write_bytes(LINES[3])
    assert played_folder() == ["a1", "a2", "a3"]
    (folder / "3.jsonl").write_bytes(line(4))
    assert played_folder() == ["a4"]
    assert played_folder() == []
    (folder / "0.jsonl").write_bytes(line(5) + line(6)[:9])
    (folder / "1.jsonl").write_bytes(b"".join(LINES[:3]) + line(7))
    (folder / "2.jsonl").unlink()
    assert played_folder() == ["a5", "a7"]
    (folder / "0.jsonl").write_bytes(line(5) + line(6))
    (folder / "2.jsonl").write_bytes(LINES[3])  # it comes back: nobody knows it any more
    (folder / "3.jsonl").write_bytes(line(8))  # another one in its place
    assert played_folder() == ["a3", "a6", "a8"]
    assert played_folder() == []


def test_what_is_done_and_has_not_changed_is_not_opened_again(tmp_path: Path) -> None:
    """A folder of pages would be taken apart at every run. A pipe in its place would be waited for."""
    files = [tmp_path / f"{n}.jsonl" for n in range(3)]
    for n, file in enumerate(files):
        file.write_bytes(line(n))
    assert played(tmp_path, *files[1:]) == ["a1", "a2"]
    archive = Archive([str(file) for file in files], finished=False)
    with Checkpoint.of(tmp_path / "mark.json", archive.rows).held():
        assert [row.done_with for row in archive.rows] == [False, True, True]
        assert [each.number for each in archive] == [0]
        assert archive.bytes_read == archive.total_bytes
    assert played(tmp_path, *files) == ["a0"]
    assert played(tmp_path, *files) == []


def test_what_was_written_while_it_was_read_is_read_the_next_time(tmp_path: Path) -> None:
    """The mark knows the file by what was read of it, not by what lay there when the mark was written."""
    (file := tmp_path / "news.jsonl").write_bytes(LINES[0])
    archive = Archive([str(file)], finished=False)
    checkpoint = Checkpoint.of(tmp_path / "mark.json", archive.rows)
    with checkpoint.held() as low:
        for each in archive:
            low.done(each.number)
        file.write_bytes(LINES[0] + LINES[1])
        checkpoint.save(low, finished=True)
    assert played(tmp_path, file) == ["a1"]


@pytest.mark.parametrize("half", [1, 30, len(LINES[2]) - 2])
def test_a_line_that_was_half_written_is_read_when_it_is_whole(tmp_path: Path, half: int) -> None:
    file = tmp_path / "news.jsonl"
    file.write_bytes(b"".join(LINES[:2]) + LINES[2][:half])
    assert played(tmp_path, file) == ["a0", "a1"]
    file.write_bytes(b"".join(LINES))
    assert played(tmp_path, file) == ["a2", "a3"]
    assert played(tmp_path, file) == []


def test_so_is_the_rest_of_a_compressed_file_that_ended_early(tmp_path: Path) -> None:
    file, first = tmp_path / "news.jsonl.gz", tmp_path / "first.jsonl"
    first.write_bytes(line(9) + b"{ no JSON")
    whole = gzip.compress(b"".join(LINES), mtime=0)
    file.write_bytes(whole[: len(whole) - 40])
    before = played(tmp_path, first, file)
    file.write_bytes(whole)
    assert sorted([*before, *played(tmp_path, first, file)]) == ["a0", "a1", "a2", "a3", "a9"]
    assert played(tmp_path, first, file) == []


def test_a_line_that_is_broken_and_ended_is_done_with(tmp_path: Path) -> None:
    file = tmp_path / "news.jsonl"
    file.write_bytes(LINES[0] + b"{ no JSON\n")
    assert played(tmp_path, file) == ["a0"]
    (row,) = json.loads((tmp_path / "mark.json").read_text())["rows"].values()
    assert row[1] == 2


def table(number: int) -> bytes:
    words = 'It fired one.\n\nThen, it said, ""another"" one.'
    return f'r{number},2026-03-0{number}T10:00:00Z,"Launch {number}","{words} The end of {number}."\r\n'.encode()


HEAD = b"id,date,title,text\r\n"
ROWS = [table(number) for number in range(1, 4)]


@pytest.mark.parametrize("half", range(1, len(ROWS[1]), 7))
def test_a_row_of_a_table_that_was_half_written_is_read_when_it_is_whole(tmp_path: Path, half: int) -> None:
    """Also if what is there would be a row: a cell cut short, or a paragraph of a cell with its line end."""
    file = tmp_path / "news.csv"
    each_is_read_once_and_whole(tmp_path, file, HEAD + ROWS[0] + ROWS[1][:half], HEAD + b"".join(ROWS))


@pytest.mark.parametrize("half", [1, 6, len(HEAD) - 7, len(HEAD) - 2])
def test_so_is_a_head(tmp_path: Path, half: int) -> None:
    file = tmp_path / "news.csv"
    file.write_bytes(HEAD[:half])
    assert played(tmp_path, file) == []
    file.write_bytes(HEAD + ROWS[0])
    assert played(tmp_path, file) == ["r1"]


def mail(number: int, *, parts: bool = False) -> bytes:
    message = EmailMessage()
    message["Subject"], message["Message-ID"] = f"Launch {number}", f"<m{number}@wire.example>"
    message["From"], message["Date"] = "Wire <a@wire.example>", "Sun, 01 Mar 2026 10:00:00 +0000"
    message.set_content(f"It fired one.\n\nThen it fired another one. The end of {number}.")
    if parts:
        message.add_alternative(f"<p>It fired two. The end of {number}.</p>", subtype="html")
    return b"From a@wire.example Sun Mar  1 10:00:00 2026\n" + message.as_bytes() + b"\n"


@pytest.mark.parametrize("parts", [False, True])
@pytest.mark.parametrize("lacks", [1, 5, 30, 150, 250])
def test_so_is_the_last_message_of_an_mbox(tmp_path: Path, lacks: int, *, parts: bool) -> None:
    file = tmp_path / "news.mbox"
    mails = [mail(1), mail(2, parts=parts), mail(3)]
    each_is_read_once_and_whole(tmp_path, file, mails[0] + mails[1][:-lacks], b"".join(mails))


@pytest.mark.parametrize("end", [n for n in range(len(mail(2))) if mail(2)[:n].endswith(b"\n\n")])
def test_even_where_a_blank_line_of_its_own_ends_it_while_it_is_written(tmp_path: Path, end: int) -> None:
    file = tmp_path / "news.mbox"
    mails = [mail(1), mail(2), mail(3)]
    each_is_read_once_and_whole(tmp_path, file, mails[0] + mails[1][:end], b"".join(mails), rests=False)


def test_a_message_is_whole_if_its_parts_are_or_nobody_writes_any_more(tmp_path: Path) -> None:
    file = tmp_path / "news.mbox"

    def titles() -> list[str]:
        return [article.title for article in articles(tmp_path, file)]

    file.write_bytes(mail(1) + mail(2, parts=True))
    assert titles() == ["Launch 1", "Launch 2"]
    file.write_bytes(file.read_bytes() + mail(3))
    assert titles() == []
    rested(file, QUIET_SECONDS - 20)
    assert titles() == []
    rested(file)
    assert titles() == ["Launch 3"]
    file.write_bytes(file.read_bytes() + mail(4))
    os.utime(file, (time.time() + 3600,) * 2)  # a clock that is ahead
    assert titles() == []
    file.write_bytes(file.read_bytes() + mail(5))
    assert titles() == ["Launch 4"]


def test_half_an_end_is_waited_for_in_every_file_but_not_for_ever(tmp_path: Path) -> None:
    files = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for file in files:
        file.write_bytes(HEAD + table(1 if file is files[0] else 2).rstrip())
    rested(files[0], SETTLED_SECONDS - 600)
    assert played(tmp_path, *files) == []
    rested(files[0], SETTLED_SECONDS + 5)
    assert played(tmp_path, *files) == ["r1"]
    files[1].write_bytes(HEAD + table(2) + table(3))
    assert played(tmp_path, *files) == ["r2", "r3"]
    files[1].write_bytes(HEAD + table(2) + table(3) + b"{ no row")
    rested(files[1], SETTLED_SECONDS + 5)
    assert played(tmp_path, *files) == []
    assert all(row[3] for row in json.loads((tmp_path / "mark.json").read_text())["rows"].values())


def crawled(number: int, *, packed: bool) -> bytes:
    page = f"<html><title>Launch {number}</title><p>It fired one, and {'again ' * 40}. The end of {number}.</p></html>"
    written = io.BytesIO()
    writer = WARCWriter(written, gzip=packed)
    headers = StatusAndHeaders("200 OK", [("Content-Type", "text/html")], protocol="HTTP/1.1")
    uri = f"https://wire.example/{number}"
    writer.write_record(writer.create_warc_record(uri, "response", io.BytesIO(page.encode()), http_headers=headers))
    return written.getvalue()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("lacks", [5, 40, 200, 280])
def test_so_is_the_last_record_of_a_crawl(tmp_path: Path, lacks: int, *, packed: bool) -> None:
    file = tmp_path / ("news.warc.gz" if packed else "news.warc")
    records = [crawled(number, packed=packed) for number in (1, 2, 3)]
    each_is_read_once_and_whole(tmp_path, file, records[0] + records[1][:-lacks], b"".join(records))


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("news.csv", (HEAD + ROWS[0] + ROWS[1]).rstrip(), ["r1", "r2"]),
        ("news.mbox", (mail(1) + mail(2)).rstrip(), ["Launch 1", "Launch 2"]),
    ],
)
def test_what_is_finished_needs_no_end(tmp_path: Path, name: str, content: bytes, found: list[str]) -> None:
    """As most tables are written by hand; and without a checkpoint nobody comes back for the rest."""
    file = tmp_path / name
    file.write_bytes(content)
    rested(file)
    whole = [each for each in read_paths([str(file)]) if isinstance(each, Article)]
    assert [a.id if name.endswith("csv") else a.title for a in whole] == found
    assert len(articles(tmp_path, file)) == len(found) - 1
    assert len(articles(tmp_path, file, finished=True)) == 1


def test_a_record_of_a_crawl_that_is_cut_is_never_taken_for_whole(tmp_path: Path) -> None:
    file = tmp_path / "news.warc"
    file.write_bytes(crawled(1, packed=False)[:-60])
    (found,) = read_paths([str(file)])
    assert "cut short" in str(found)


def test_a_file_that_took_the_others_place_is_read_anew(tmp_path: Path) -> None:
    """It begins with the same long head, as tables of one newsroom do, and may be longer than the first one was."""
    head = b"id,date,title," + b",".join(b"column_%d" % n for n in range(200)) + b",text\r\n"
    rows = [f"r{n},2026-03-01,Launch {n},{',' * 200}It fired number {n}.\r\n".encode() for n in range(1, 10)]
    file = tmp_path / "news.csv"
    file.write_bytes(head + b"".join(rows[:3]))
    assert played(tmp_path, file) == ["r1", "r2", "r3"]
    file.write_bytes(head + b"".join(rows[:4]))
    assert played(tmp_path, file) == ["r4"]
    for new in (rows[4:6], rows[1:9], []):
        file.write_bytes(head + b"".join(new))
        assert len(played(tmp_path, file)) == len(new)


def test_unless_its_run_must_not_be_mixed_with_another(tmp_path: Path) -> None:
    file, mark = tmp_path / "news.jsonl", tmp_path / "mark.json"
    file.write_bytes(b"".join(LINES))
    with Checkpoint.of(mark, [FileRow(str(file))]).held() as low:
        low.done(0)
        Checkpoint.of(mark, [FileRow(str(file))]).save(low, finished=True)
    file.write_bytes(b"".join(reversed(LINES)))
    with pytest.raises(InputError, match="has changed since"), Checkpoint.of(mark, [FileRow(str(file))]).held():
        pass
