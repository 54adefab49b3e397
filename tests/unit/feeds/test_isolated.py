"""A feed may take only so much time and memory, whatever is in it."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from workers.feeds import isolated
from workers.feeds.isolated import SMALL_BYTES, parse_within
from workers.feeds.parse import NotAFeed, parse_feed

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
URL = "https://coast.example/rss"


def feed(items: int, words: str = "Ships — came. ") -> bytes:
    inside = "".join(
        f"<item><title>Story {n}</title><link>/s/{n}</link><pubDate>Sun, 01 Mar 2026 10:00:00 GMT</pubDate>"
        f"<description>{words * 50}</description></item>"
        for n in range(items)
    )
    return f"<rss version='2.0'><channel><title>Coast</title>{inside}</channel></rss>".encode()


@pytest.mark.parametrize("items", [3, 600])
async def test_a_small_and_a_large_feed_are_parsed_alike(items: int) -> None:
    body = feed(items)
    assert (len(body) > SMALL_BYTES) == (items > 100)
    found = await parse_within(
        body, url=URL, fetched_at=NOW, base="https://coast.example/new/", content_type="text/xml"
    )
    expected = parse_feed(body, url=URL, fetched_at=NOW, base="https://coast.example/new/", content_type="text/xml")
    assert found == expected
    assert len(found.articles) == items


async def test_a_large_document_that_is_no_feed_has_its_reason() -> None:
    with pytest.raises(NotAFeed, match="a web page"):
        await parse_within(b"<!doctype html>" + b" " * SMALL_BYTES, url=URL, fetched_at=NOW)


async def test_a_document_that_takes_too_long_is_ended() -> None:
    begun = time.monotonic()
    with pytest.raises(NotAFeed, match="longer than 2 s to parse"):
        await parse_within(b"<item>" * 1_500_000, url=URL, fetched_at=NOW, seconds=2)
    assert time.monotonic() - begun < 4


async def test_a_document_that_takes_too_much_memory_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A child of ours has the limit of its own module; a smaller one stands in for a larger document.
    starter = tmp_path / "workers_limit.py"
    starter.write_text("from workers.feeds import isolated\nisolated.MEMORY_BYTES = 120_000_000\nisolated.main()\n")
    real = asyncio.create_subprocess_exec

    async def limited(program: str, *_arguments: str, **more: object) -> asyncio.subprocess.Process:
        return await real(program, str(starter), **more)  # type: ignore[arg-type]  # passed on as it came

    monkeypatch.setattr(isolated.asyncio, "create_subprocess_exec", limited)
    with pytest.raises(NotAFeed, match=r"too much memory|feedparser cannot read it: MemoryError"):
        await parse_within(feed(12_000), url=URL, fetched_at=NOW)


async def test_an_interrupted_round_leaves_no_process_behind() -> None:
    task = asyncio.create_task(parse_within(b"<item>" * 1_000_000, url=URL, fetched_at=NOW))
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [p for p in Path("/proc").glob("[0-9]*/cmdline") if _is_ours(p)]


def _is_ours(cmdline: Path) -> bool:
    try:
        parent = int((cmdline.parent / "stat").read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and b"workers.feeds.isolated" in cmdline.read_bytes()
    except OSError:
        return False
