"""The reader's process: whatever ends it, each task is answered or fails, and it never outlives its step."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from tests.rig.odd_reader import COMMAND
from topics.annotations import Annotation
from topics.articles import Article
from topics.codec import decode, encode
from workers import metrics
from workers.annotate.agent import Annotate
from workers.annotate.reader_link import ReaderDiedError, ReaderLink, ReadingFailedError
from workers.annotate.reader_messages import Setup
from workers.errors import ConfigurationError, InputError, TransientError
from workers.steps import Incoming, Refused

SECONDS = 60.0
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def setup(folder: Path | str, *, cpu_limit: float = 50.0) -> Setup:
    return Setup(model=str(folder), ontology=None, batch_size=8, seconds=20.0, cpu_limit=cpu_limit, log_level="info",
                 log_format="console")  # fmt: skip


def value(text: str, name: str = "a1") -> bytes:
    return encode(Article(id=name, revision="r", text=text, fetched_at=NOW))


def record(text: str, name: str = "a1") -> Incoming:
    return Incoming("articles", 0, 0, None, value(text, name))


@asynccontextmanager
async def reader(folder: Path, **more: float) -> AsyncIterator[ReaderLink]:
    link = ReaderLink(setup(folder, **more), COMMAND)
    try:
        await link.start()
        yield link
    finally:
        await link.stop()


async def ids(link: ReaderLink, *texts: str) -> list[str]:
    """Of the articles that the reader says it has read."""
    answer, found = await link.read([value(text, f"n{i}") for i, text in enumerate(texts)])
    read = [decode(Annotation, one).article_id for one in found if one]
    assert [told.article_id for told in answer.told if told.error is None] == read
    return read


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not condition():
            await asyncio.sleep(0.02)


async def test_the_answers_come_in_order_and_what_cannot_be_read_says_why(tmp_path: Path) -> None:
    async with reader(tmp_path) as link:
        answer, found = await link.read([value("rain"), b"{bad", None, value("long"), value("print"), b""])
        assert [told.error for told in answer.told] == [None, "not-json", "empty", "too-slow", None, "empty"]
        assert [bool(one) for one in found] == [True, False, False, False, True, False]
        assert answer.langs == {"en": 2}
        tasks = [asyncio.create_task(ids(link, "rain", f"rain {number}")) for number in range(20)]
        assert await asyncio.gather(*tasks) == [["n0", "n1"]] * 20
        large = "rain " * 150_000
        assert await ids(link, large, large, large) == ["n0", "n1", "n2"]
        assert (await link.read([]))[1] == []


async def test_an_error_of_ours_leaves_it_alive(tmp_path: Path) -> None:
    async with reader(tmp_path) as link:
        pid = link.pid
        with pytest.raises(ReadingFailedError, match="ValueError: a bug") as caught:
            await ids(link, "rain", "bug")
        assert "odd_reader.py" in caught.value.__notes__[0]
        assert await ids(link, "rain") == ["n0"]
        assert link.pid == pid


async def test_what_it_was_reading_fails_and_its_successor_reads_the_rest(tmp_path: Path) -> None:
    deaths = metrics.READER_DEATHS._value.get()
    async with reader(tmp_path) as link:
        first, second, third = (asyncio.create_task(ids(link, *texts)) for texts in (["slow", "die"], ["a"], ["b"]))
        with pytest.raises(ReaderDiedError, match="SIGSEGV") as caught:
            await first
        assert not caught.value.too_slow
        assert (await second, await third) == (["n0"], ["n0"])
        assert len(list(tmp_path.iterdir())) == 2
        assert link.pid == metrics.READER.pid
    assert metrics.READER_DEATHS._value.get() == deaths + 1


async def test_a_text_that_never_ends_ends_the_reader_by_the_time_it_took_of_the_cpu(
    tmp_path: Path,
) -> None:
    async with reader(tmp_path, cpu_limit=0.2) as link:
        assert await ids(link, "slow") == ["n0"], "it slept, and took no time of the CPU"
        with pytest.raises(ReaderDiedError, match="of CPU") as caught:
            await ids(link, "rain", "spin")
        assert caught.value.too_slow
        assert await ids(link, "rain") == ["n0"]


async def test_one_that_is_killed_with_nothing_to_do_is_replaced_at_once(tmp_path: Path) -> None:
    async with reader(tmp_path) as link:
        pid = link.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: len(list(tmp_path.iterdir())) == 2)
        assert link.pid not in {pid, None}
        assert await ids(link, "rain") == ["n0"]


async def test_signals_to_the_group_are_for_the_step(tmp_path: Path) -> None:
    async with reader(tmp_path) as link:
        pid = link.pid
        assert pid is not None
        working = asyncio.create_task(ids(link, "slow"))
        for signum in (signal.SIGINT, signal.SIGTERM):
            os.kill(pid, signum)
        assert await working == ["n0"]
        assert (link.pid, len(list(tmp_path.iterdir()))) == (pid, 1)
    assert not psutil.pid_exists(pid)


async def test_a_setting_that_is_wrong_is_told_as_such() -> None:
    link = ReaderLink(setup("none"), COMMAND)
    with pytest.raises(ConfigurationError, match="There is no such model") as caught:
        await link.start()
    assert caught.value.hint == "Install it."
    await link.stop()


async def test_a_file_that_cannot_be_read_is_told_as_such() -> None:
    link = ReaderLink(setup("unreadable"), COMMAND)
    with pytest.raises(InputError, match="There is no such file") as caught:
        await link.start()
    assert caught.value.hint == "Name another."
    await link.stop()


async def test_one_that_answers_nonsense_is_replaced(tmp_path: Path) -> None:
    async with reader(tmp_path) as link:
        pid = link.pid
        assert pid is not None
        with pytest.raises(TransientError, match="connection with the reader broke"):
            await ids(link, "babble")
        async with asyncio.timeout(SECONDS):
            assert await ids(link, "rain") == ["n0"]
        assert link.pid not in {pid, None}
        assert not psutil.pid_exists(pid)


async def test_a_missing_model_is_told_by_the_real_one_whatever_lies_in_the_folder_of_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("topics", "workers", "queue"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the user')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    link = ReaderLink(setup("xx_no_such_model"))
    with pytest.raises(ConfigurationError, match="xx_no_such_model"):
        await link.start()
    await link.stop()


async def test_a_reader_that_cannot_start_may_be_tried_again(tmp_path: Path) -> None:
    link = ReaderLink(setup("deadly"), COMMAND)
    with pytest.raises(TransientError, match="ended with code 3 while it loaded"):
        await link.start()
    for _ in range(2):
        with pytest.raises(TransientError, match="ended with code 3 while it loaded"):
            await ids(link, "rain")
    link._setup = setup(tmp_path)
    assert await ids(link, "rain") == ["n0"]
    await link.stop()


STEP = """
import asyncio, sys
from tests.rig.odd_reader import COMMAND
from tests.unit.annotate.test_reader_link import setup, value
from workers.annotate.reader_link import ReaderLink
async def main():
    link = ReaderLink(setup(sys.argv[1]), COMMAND)
    await link.start()
    print(link.pid, flush=True)
    await link.read([value(sys.argv[2])])
asyncio.run(main())
"""


@pytest.mark.parametrize("text", ["slow", "spin"])
def test_it_does_not_outlive_a_step_that_was_killed(tmp_path: Path, text: str) -> None:
    command = [sys.executable, "-c", STEP, str(tmp_path), text]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as step:
        assert step.stdout is not None
        child = psutil.Process(int(step.stdout.readline()))
        assert child.is_running()
        step.kill()
        assert child.wait(SECONDS) is None, "it is no child of ours"


# -- the step ------------------------------------------------------------------------------------------------------


async def handled(link: ReaderLink, *texts: str) -> Sequence[object]:
    return await Annotate(link).handle([record(text, f"n{i}") for i, text in enumerate(texts)])


async def test_a_text_of_which_two_readers_died_is_told_apart_from_bad_luck(tmp_path: Path) -> None:
    async with reader(tmp_path) as link:
        with pytest.raises(ReaderDiedError):
            await handled(link, "rain", f"die once {tmp_path / 'first'}")
        (outcome,) = await handled(link, f"die once {tmp_path / 'second'}")
        assert not isinstance(outcome, Refused)
        with pytest.raises(ReaderDiedError):
            await handled(link, "die")
        with pytest.raises(TransientError, match="SIGKILL"):
            await handled(link, "killed")
        await until(lambda: len(list(tmp_path.glob("*.reader"))) == 7)


async def test_a_text_that_never_ends_is_refused_when_it_is_alone(tmp_path: Path) -> None:
    async with reader(tmp_path, cpu_limit=0.2) as link:
        with pytest.raises(ReaderDiedError):
            await handled(link, "rain", "spin")
        (outcome,) = await handled(link, "spin")
    assert isinstance(outcome, Refused)
    assert outcome.error == "too-slow"
    assert "of CPU" in outcome.reason
