"""An archive that is read while it is written: what was not whole yet is read when it is."""

from __future__ import annotations

import gzip
import io
import json
import random
from email.message import EmailMessage
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from tests.unit.archives.test_playing import Sink
from topics.articles import Article
from workers.archives.checkpoint import Checkpoint
from workers.archives.playing import Playing
from workers.archives.readers import Archive, files_of
from workers.errors import InputError


def line(number: int) -> bytes:
    words = random.Random(number).randbytes(300).hex()  # so that it is long when compressed, too
    return json.dumps({"id": f"a{number}", "text": f"Text {words}."}).encode() + b"\n"


LINES = [line(number) for number in range(4)]


def articles(tmp_path: Path, *files: Path, finished: bool = False) -> list[Article]:
    archive = Archive([str(file) for file in files], finished=finished)
    checkpoint = Checkpoint.of(tmp_path / "mark.json", archive.files, on_other=lambda _: None)
    sink = Sink()
    with checkpoint.held() as low:
        playing = Playing(order=None, checkpoint=checkpoint, low=low)
        playing.play(archive, sink)
        checkpoint.save(low, finished=True)
    return sorted(sink.confirmed, key=lambda article: (article.title, article.id))


def each_is_read_once_and_whole(tmp_path: Path, file: Path, half: bytes, whole: bytes) -> None:
    """Articles 1 to 3, of a file that is read when half of it is written and when all of it is, and then again."""
    file.write_bytes(half)
    found = articles(tmp_path, file)
    file.write_bytes(whole)
    found += articles(tmp_path, file)
    assert [(a.title, a.text[-8:]) for a in found] == [(f"Launch {n}", f"nd of {n}.") for n in (1, 2, 3)]
    assert played(tmp_path, file) == []


def played(tmp_path: Path, *files: Path) -> list[str]:
    return sorted(article.id for article in articles(tmp_path, *files))


def test_a_folder_goes_on_with_the_files_that_come_behind(tmp_path: Path) -> None:
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
    (folder / "0.jsonl").write_bytes(line(5))
    with pytest.raises(InputError, match="another archive"):
        played_folder()


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
    assert '"done": 2' in (tmp_path / "mark.json").read_text()


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
    whole = [each for each in Archive([str(file)]) if isinstance(each, Article)]
    assert [a.id if name.endswith("csv") else a.title for a in whole] == found
    assert len(articles(tmp_path, file)) == len(found) - 1
    assert len(articles(tmp_path, file, finished=True)) == 1


def test_a_record_of_a_crawl_that_is_cut_is_never_taken_for_whole(tmp_path: Path) -> None:
    file = tmp_path / "news.warc"
    file.write_bytes(crawled(1, packed=False)[:-60])
    (found,) = Archive([str(file)])
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
    with Checkpoint.of(mark, [str(file)]).held() as low:
        low.done(0)
        Checkpoint.of(mark, [str(file)]).save(low, finished=True)
    file.write_bytes(b"".join(reversed(LINES)))
    with pytest.raises(InputError, match="has changed since"), Checkpoint.of(mark, [str(file)]).held():
        pass
