"""Has pages read in a process of its own, one at a time, each within its time."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from typing import Self

from workers.itself import python_module
from workers.web.page_process import (
    MODULE,
    PAGE_SECONDS,
    PAGES,
    READY,
    START_SECONDS,
    PageError,
    Task,
    answered,
    asked,
)

_LINE_LIMIT = 64 * 1024 * 1024


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
        task = Task(url=url, content_type=content_type, title=title, summary=summary, length=len(body))
        async with self._free:
            try:
                return await self._ask(task, body)
            except TimeoutError:
                await self._end()
                raise PageError(f"it takes longer than {self._seconds:g} s to read") from None
            except PageError:
                raise
            except (OSError, ValueError, asyncio.IncompleteReadError) as error:
                await self._end()
                raise PageError("reading it failed: too much memory, or made to fail") from error
            except BaseException:  # cancelled half-way: the next one must not get this one's answer
                await self._end()
                raise

    async def _ask(self, task: Task, body: bytes) -> str:
        process = await self._running()
        assert process.stdin is not None  # noqa: S101 - pipes were asked for
        assert process.stdout is not None  # noqa: S101 - pipes were asked for
        async with asyncio.timeout(self._seconds):
            process.stdin.write(asked(task, body))
            await process.stdin.drain()
            return answered(await process.stdout.readline()).text

    async def _running(self) -> Process:
        if self._process is not None and (self._process.returncode is not None or self._read >= PAGES):
            await self._end()
        if self._process is None:
            # Its own session: Ctrl-C is for the parent, who ends it.
            self._process = await asyncio.create_subprocess_exec(
                *python_module(MODULE),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                limit=_LINE_LIMIT,
            )
            self._read = 0
            assert self._process.stdout is not None  # noqa: S101 - a pipe was asked for
            async with asyncio.timeout(START_SECONDS):
                if await self._process.stdout.readline() != READY:
                    raise OSError("the process that reads pages does not start")
        self._read += 1
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
