"""The mark never passes what is not done with, survives a crash, and is not taken for another archive's."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from workers.archives.checkpoint import Checkpoint
from workers.archives.numbers import LowWater, number_of
from workers.archives.rows import FileRow
from workers.errors import InputError


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "news.jsonl"
    path.write_text('{"text": "a"}\n' * 100)
    return path


def checkpoint(path: Path, *files: Path, **more: object) -> Checkpoint:
    return Checkpoint.of(path, [FileRow(str(file)) for file in files], **more)


def test_the_mark_is_below_all_that_is_not_done() -> None:
    low, left = LowWater(), set(range(200))
    numbers = list(left)
    random.Random(1).shuffle(numbers)
    for number in numbers:
        low.done(number)
        low.done(number)
        left.discard(number)
        assert low.mark == min(left, default=200)
        assert low.number_done == 200 - len(left)
        again = LowWater(above=low.ranges())
        assert {n for n in range(200) if not again.has(n)} == left


def test_the_mark_is_found_again(tmp_path: Path, archive: Path) -> None:
    path = tmp_path / "deep" / "mark.json"
    with checkpoint(path, archive).held() as low:
        assert low.mark == 0
        for number in range(7):
            low.done(number)
        checkpoint(path, archive).save(low, finished=True)
    with checkpoint(path, archive).held() as low:
        assert low.mark == 7


def test_it_is_written_once_a_second_and_at_the_end(tmp_path: Path, archive: Path) -> None:
    path, low = tmp_path / "mark.json", LowWater()
    mark = checkpoint(path, archive)
    low.done(0)
    mark.save(low, now=100.0)
    written = path.read_text()
    low.done(1)
    mark.save(low, now=100.5)
    assert path.read_text() == written
    mark.save(low, now=101.0)
    assert path.read_text() != written
    low.done(2)
    mark.save(low, now=101.1, finished=True)
    (row,) = json.loads(path.read_text())["rows"].values()
    assert row[1] == 3


def test_an_archive_that_grew_goes_on_and_another_one_does_not(tmp_path: Path, archive: Path) -> None:
    path = tmp_path / "mark.json"
    low = LowWater()
    low.done(0)
    checkpoint(path, archive).save(low, finished=True)
    archive.write_text(archive.read_text() * 2)
    with checkpoint(path, archive).held() as found:
        assert found.mark == 1
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "b"}\n' * 100)
    for changed in (checkpoint(path, other), checkpoint(path, archive, since="2026")):
        with pytest.raises(InputError, match="another archive"), changed.held():
            pass


def test_files_may_come_and_go_anywhere_and_each_may_grow(tmp_path: Path, archive: Path) -> None:
    path = tmp_path / "mark.json"
    before, behind, away = tmp_path / "a.jsonl", tmp_path / "z.jsonl", tmp_path / "away.jsonl"
    for file in (before, behind, away):
        file.write_text('{"text": "new"}\n')
    with checkpoint(path, archive, away).held() as low:
        for number in (0, 1, 2, 7, 8):
            low.done(number_of(0, number))
        low.done(number_of(1, 0))
        checkpoint(path, archive, away).save(low, finished=True)
    archive.write_text(archive.read_text() * 2)
    with checkpoint(path, before, archive, behind).held() as low:
        assert low.ranges() == [(number_of(1, 0), number_of(1, 3)), (number_of(1, 7), number_of(1, 9))]
        low.done(number_of(2, 0))
        checkpoint(path, before, archive, behind).save(low, finished=True)
    with checkpoint(path, behind, archive, behind).held() as low:
        assert low.ranges() == [(0, 1), (number_of(1, 0), number_of(1, 3)), (number_of(1, 7), number_of(1, 9))]


def test_a_folder_of_very_many_files_costs_little_and_is_remembered_whole(tmp_path: Path) -> None:
    """One of 60,000 files with one item each, and one of a single file in no order at all."""
    path = tmp_path / "mark.json"
    low = LowWater(above=[(number_of(row, 0), number_of(row, 1)) for row in range(60_000)])
    mark = Checkpoint(path, [FileRow(f"gone/{n}.txt") for n in range(60_000)])
    mark.save(low, now=100.0)
    written = path.read_text()
    low.done(number_of(0, 1))
    mark.save(low, now=101.0)  # it took a good part of a second
    assert path.read_text() == written
    mark.save(low, now=200.0)
    again = Checkpoint(path, [FileRow(f"gone/{n}.txt") for n in range(60_000)])
    with again.held() as found:
        assert found.number_done == 60_001
    low = LowWater(above=[(n, n + 1) for n in range(0, 240_000, 2)])
    again.save(low, finished=True)
    assert path.stat().st_size < 2**20
    with again.held() as found:
        assert found.number_done == 50_001


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        '{"archive": 1, "done": 1, "above": 3}',
        '{"version": 2, "archive": "a", "done": 1}',
        '{"version": 3, "archive": "a", "rows": 1}',
        '{"version": 3, "archive": "a", "rows": {"f": 1}}',
        '{"version": 3, "archive": "a", "rows": {"f": [null, "x", [], true]}}',
        "\0",
    ],
)
def test_what_is_no_checkpoint_is_not_overwritten(tmp_path: Path, archive: Path, content: str) -> None:
    path = tmp_path / "mark.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"mark\.json"), checkpoint(path, archive).held():
        pass
    assert path.read_text() == content


@pytest.mark.parametrize("name", ["", "news.jsonl/mark.json", "x" * 300])
def test_a_place_where_none_can_be_kept_is_told(tmp_path: Path, archive: Path, name: str) -> None:
    before = sorted(tmp_path.rglob("*"))
    with (
        pytest.raises(InputError, match="no checkpoint can be kept there"),
        checkpoint(tmp_path / name, archive).held(),
    ):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_two_runs_cannot_hold_it(tmp_path: Path, archive: Path) -> None:
    path = tmp_path / "mark.json"
    with (
        checkpoint(path, archive).held(),
        pytest.raises(InputError, match="another run"),
        checkpoint(path, archive).held(),
    ):
        pass
    with checkpoint(path, archive).held():
        pass
