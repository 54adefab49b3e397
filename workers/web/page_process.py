"""The process that reads pages, and what is said to it: HTML from the web may take minutes or gigabytes to read.

Tasks come on standard input (a line of JSON, then the page), answers go to standard output (a line of JSON each).
Who asks, in `workers.feeds` and `workers.archives`, ends the process when its time is over.
"""

from __future__ import annotations

import json
import resource
import sys
from datetime import datetime

from pydantic import BaseModel

MODULE = "workers.web.page_process"
READY = b"ready\n"

PAGE_SECONDS = 20.0
"""For one page; an ordinary one takes 50 ms."""

START_SECONDS = 60.0
"""For the process to be ready: a loaded machine needs seconds to import the libraries."""

MEMORY_BYTES = 2 * 1024**3
PAGES = 300
"""Then the process is replaced, and with it whatever its libraries have kept."""


class PageError(Exception):
    """A page cannot be read, or is not what was wanted. The message says why."""


class Task(BaseModel):
    """What is asked. With `title` or `summary` the page must be the article that they are of."""

    url: str | None
    content_type: str | None = None
    title: str = ""
    summary: str = ""
    length: int


class Page(BaseModel):
    """What a page gives; `refusal` is why it gives nothing."""

    text: str = ""
    title: str = ""
    url: str | None = None
    published_at: datetime | None = None
    site: str | None = None
    lang: str | None = None
    refusal: str | None = None


def asked(task: Task, body: bytes) -> bytes:
    """The bytes to write."""
    return task.model_dump_json().encode() + b"\n" + body


def answered(line: bytes) -> Page:
    """The answer in a line. Raises PageError, ValueError for none."""
    page = Page.model_validate_json(line)
    if page.refusal is not None:
        raise PageError(page.refusal)
    return page


def main() -> None:
    """The process: pages from standard input, answers to standard output, until the input ends."""
    from workers.web import page_text  # noqa: PLC0415 - only this process needs it, and it is slow to import

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    while line := sys.stdin.buffer.readline():
        task = Task.model_validate(json.loads(line))
        body = sys.stdin.buffer.read(task.length)
        try:
            page = page_text.read(body, task)
        except Exception as error:  # noqa: BLE001 - whatever a library thinks of this page, the next may be well
            page = Page(refusal=f"it cannot be read: {type(error).__name__}")
        sys.stdout.buffer.write(page.model_dump_json().encode() + b"\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
