"""Reads pages in a process of its own, which can be ended: HTML from the web may take minutes or gigabytes to read."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from asyncio.subprocess import Process
from typing import Self

from pydantic import BaseModel

PAGE_SECONDS = 20.0
"""For one page; an ordinary one takes 50 ms."""

START_SECONDS = 60.0
"""For the process to be ready: a loaded machine needs seconds to import the libraries."""

MEMORY_BYTES = 2 * 1024**3
PAGES = 300
"""Then the process is replaced, and with it whatever its libraries have kept."""

_LINE_LIMIT = 64 * 1024 * 1024
_READY = b"ready\n"


class PageError(Exception):
    """A page cannot be read. The message says why."""


class _Task(BaseModel):
    """What the process is asked: one line of JSON before the body."""

    url: str
    content_type: str | None
    title: str
    summary: str
    length: int


class _Answer(BaseModel):
    """What it says: one line of JSON. One of both is set."""

    text: str = ""
    refusal: str | None = None


class PageReader:
    """One process that reads one page at a time; started when the first comes. An async context manager."""

    def __init__(self, *, seconds: float = PAGE_SECONDS) -> None:
        self._seconds = seconds
        self._process: Process | None = None
        self._read = 0
        self._free = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._end()

    async def text_of(self, body: bytes, *, url: str, content_type: str | None, title: str, summary: str) -> str:
        """The article's text. Raises PageError, also for a page that takes too long or too much memory."""
        task = _Task(url=url, content_type=content_type, title=title, summary=summary, length=len(body))
        async with self._free:
            try:
                process = await self._running()
                async with asyncio.timeout(self._seconds):
                    answer = await _asked(process, task, body)
            except TimeoutError:
                await self._end()
                raise PageError(f"it takes longer than {self._seconds:g} s to read") from None
            except (OSError, ValueError, asyncio.IncompleteReadError) as error:
                await self._end()
                raise PageError("reading it failed: too much memory, or made to fail") from error
            except BaseException:  # cancelled half-way: the next one must not get this one's answer
                await self._end()
                raise
        if answer.refusal is not None:
            raise PageError(answer.refusal)
        return answer.text

    async def _running(self) -> Process:
        if self._process is not None and (self._process.returncode is not None or self._read >= PAGES):
            await self._end()
        if self._process is None:
            # Its own session: Ctrl-C is for the parent, who ends it.
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "workers.feeds.pages",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                limit=_LINE_LIMIT,
            )
            self._read = 0
            assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
            async with asyncio.timeout(START_SECONDS):
                if await self._process.stdout.readline() != _READY:
                    raise OSError("the process that reads pages does not start")
        self._read += 1
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()


async def _asked(process: Process, task: _Task, body: bytes) -> _Answer:
    assert process.stdin is not None  # noqa: S101 - pipes were asked for
    assert process.stdout is not None  # noqa: S101 - pipes were asked for
    process.stdin.write(task.model_dump_json().encode() + b"\n" + body)
    await process.stdin.drain()
    return _Answer.model_validate_json(await process.stdout.readline())


def main() -> None:
    """The process: pages from standard input, answers to standard output, until the input ends."""
    from workers.web.page_text import page_text, why_not_the_article  # noqa: PLC0415 - only this process needs it

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    sys.stdout.buffer.write(_READY)
    sys.stdout.flush()
    while line := sys.stdin.buffer.readline():
        task = _Task.model_validate(json.loads(line))
        body = sys.stdin.buffer.read(task.length)
        try:
            page = page_text(body, url=task.url, title=task.title, content_type=task.content_type)
            refusal = why_not_the_article(page, title=task.title, summary=task.summary)
            answer = _Answer(text=page.text) if refusal is None else _Answer(refusal=refusal)
        except Exception as error:  # noqa: BLE001 - whatever a library thinks of this page, the next may be well
            answer = _Answer(refusal=f"it cannot be read: {type(error).__name__}")
        sys.stdout.buffer.write(answer.model_dump_json().encode() + b"\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
