"""The mark never passes what is not done with, survives a crash, and is not taken for another archive's."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from workers.archives.checkpoint import Checkpoint, LowWater
from workers.errors import InputError


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "news.jsonl"
    path.write_text('{"text": "a"}\n' * 100)
    return path


def checkpoint(path: Path, *files: Path, **more: object) -> Checkpoint:
    return Checkpoint.of(path, [str(file) for file in files], **more)


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
        again = LowWater(low.mark, low.ranges())
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
    assert '"done": 3' in path.read_text()


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
    for changed in (checkpoint(path, other), checkpoint(path, archive, since="2026"), checkpoint(path, other, archive)):
        with pytest.raises(InputError, match="another archive"), changed.held():
            pass


def test_files_may_come_behind_those_of_then(tmp_path: Path, archive: Path) -> None:
    path, second, third = tmp_path / "mark.json", tmp_path / "o.jsonl", tmp_path / "p.jsonl"
    checkpoint(path, archive).save(LowWater(3), finished=True)
    archive.write_text(archive.read_text() * 2)
    for file in (second, third):
        file.write_text('{"text": "new"}\n')
    with checkpoint(path, archive, second, third).held() as low:
        assert low.mark == 3
        checkpoint(path, archive, second, third).save(low, finished=True)
    for changed in (checkpoint(path, archive, second), checkpoint(path, archive, third, second)):
        with pytest.raises(InputError, match="another archive") as refused, changed.held():
            pass
        assert "behind those" in str(refused.value.hint)


def test_a_file_before_the_last_must_not_grow_since_numbers_would_shift(tmp_path: Path, archive: Path) -> None:
    path, last = tmp_path / "mark.json", tmp_path / "last.jsonl"
    last.write_text('{"text": "z"}\n')
    checkpoint(path, archive, last).save(LowWater(3), finished=True)
    archive.write_text(archive.read_text() * 2)
    with pytest.raises(InputError, match="changed since"), checkpoint(path, archive, last).held():
        pass


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", '{"archive": 1, "done": "x"}', '{"archive": 1, "done": 1, "above": 3}', "\0"]
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
