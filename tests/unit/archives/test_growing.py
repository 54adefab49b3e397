"""An archive that is read while it is written: what was not whole yet is read when it is."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from tests.unit.archives.test_playing import Sink
from workers.archives.checkpoint import Checkpoint, identity_of
from workers.archives.playing import Playing
from workers.archives.readers import Archive


def line(number: int) -> bytes:
    words = random.Random(number).randbytes(300).hex()  # so that it is long when compressed, too
    return json.dumps({"id": f"a{number}", "text": f"Text {words}."}).encode() + b"\n"


LINES = [line(number) for number in range(4)]


def played(tmp_path: Path, *files: Path) -> list[str]:
    archive = Archive([str(file) for file in files])
    checkpoint = Checkpoint(tmp_path / "mark.json", identity_of(archive.files))
    sink = Sink()
    with checkpoint.held() as low:
        playing = Playing(order=None, checkpoint=checkpoint, low=low)
        playing.play(archive, sink)
    return sorted(article.id for article in sink.confirmed)


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
