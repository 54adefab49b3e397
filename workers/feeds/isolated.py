"""Parses a feed within limits of time and memory: small ones in a thread, large ones in a process that can be ended.

feedparser takes ten seconds and more for a megabyte of hostile markup, and a thread cannot be stopped.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from datetime import datetime

from pydantic import BaseModel

from topics.articles import Article
from workers.feeds.parse import NotAFeed, ParsedFeed, parse_feed
from workers.itself import python_module

SMALL_BYTES = 128 * 1024
"""Even the worst document of this size is parsed in about two seconds; an ordinary one in 0.15 s."""

PARSE_SECONDS = 30.0
"""Several times what an ordinary feed of 10 MiB needs."""

MEMORY_BYTES = 2 * 1024**3
"""Address space of the process that parses; an ordinary feed of 10 MiB needs a tenth of it."""


class _Task(BaseModel):
    """What the process is asked: one line of JSON before the body."""

    url: str
    fetched_at: datetime
    base: str | None
    content_type: str | None


class _Answer(BaseModel):
    """What the process says: all in one line."""

    refusal: str | None = None
    title: str | None = None
    articles: tuple[Article, ...] = ()
    problems: tuple[str, ...] = ()


async def parse_within(
    body: bytes,
    *,
    url: str,
    fetched_at: datetime,
    base: str | None = None,
    content_type: str | None = None,
    seconds: float = PARSE_SECONDS,
) -> ParsedFeed:
    """As `parse_feed`; NotAFeed also for a document that takes longer than `seconds` or more than MEMORY_BYTES."""
    task = _Task(url=url, fetched_at=fetched_at, base=base, content_type=content_type)
    if len(body) <= SMALL_BYTES:
        return await asyncio.to_thread(parse_feed, body, **task.model_dump())
    # Its own session: Ctrl-C is for the parent, who ends it.
    process = await asyncio.create_subprocess_exec(
        *python_module("workers.feeds.isolated"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        said, _ = await asyncio.wait_for(process.communicate(task.model_dump_json().encode() + b"\n" + body), seconds)
    except TimeoutError:
        raise NotAFeed(f"it takes longer than {seconds:g} s to parse: too large, or made to be") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise NotAFeed(f"parsing it failed (exit code {process.returncode}): too much memory, or made to fail")
    answer = _Answer.model_validate_json(said)
    if answer.refusal is not None:
        raise NotAFeed(answer.refusal)
    return ParsedFeed(answer.title, answer.articles, answer.problems)


def main() -> None:
    """The process: task and body from standard input, the answer to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    task = _Task.model_validate(json.loads(sys.stdin.buffer.readline()))
    try:
        found = parse_feed(sys.stdin.buffer.read(), **task.model_dump())
        answer = _Answer(title=found.title, articles=found.articles, problems=found.problems)
    except NotAFeed as error:
        answer = _Answer(refusal=str(error))
    sys.stdout.write(answer.model_dump_json())


if __name__ == "__main__":
    main()
