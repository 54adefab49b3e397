"""Adds feeds to `feeds.yaml` and leaves all else in it, comments too, as its writer left it."""

from __future__ import annotations

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from workers.errors import ConfigurationError
from workers.feeds.subscriptions import Subscription, Subscriptions, load_subscriptions, same_feed
from workers.yamlfile import place_of

_LOGIN = re.compile(r"//[^/]*@")

HEAD = """\
# The feeds that Tocsin watches; docs/feeds.md tells what may stand here. A running poller reads it anew by itself.
feeds:
"""


@dataclass
class Added:
    """What came of it. `refused` holds addresses and why."""

    added: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def add_feeds(file: Path, entries: Sequence[dict[str, Any]]) -> Added:
    """Add those of `entries` whose address is not in `file` yet; it is made if it is missing.

    The file is replaced as a whole, and only by one that can be loaded; who adds at the same time waits. Raises
    ConfigurationError, InputError.
    """
    with _alone(file):
        return _added(file, entries)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold the folder: the file itself is replaced, so its own lock would keep nobody out."""
    try:
        handle = os.open(file.resolve().parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _added(file: Path, entries: Sequence[dict[str, Any]]) -> Added:
    there = load_subscriptions(file) if file.exists() else Subscriptions()
    known = {same_feed(feed.url) for feed in there.feeds}
    result, fresh = Added(), []
    for entry in entries:
        url = str(entry.get("url"))
        if same_feed(url) in known:
            result.known.append(url)
        elif (why := _refusal(entry)) is not None:
            result.refused.append((_LOGIN.sub("//", url), why))
        else:
            known.add(same_feed(url))
            fresh.append(entry)
            result.added.append(url)
    if fresh:
        text = file.read_text("utf-8") if file.exists() else HEAD
        _replace(file, _with_entries(file, text, fresh))
    return result


def _refusal(entry: dict[str, Any]) -> str | None:
    try:
        Subscription.model_validate(entry)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in detail["loc"])
        return f"{where}: {detail.get('ctx', {}).get('allowed', detail['msg'])}"
    return None


def _with_entries(file: Path, text: str, entries: Sequence[dict[str, Any]]) -> str:
    root = yaml.compose(text)
    if root is None:
        return f"{text.rstrip()}\n{HEAD}".lstrip() + _written(entries, 2)
    feeds = _value_of(root, "feeds")
    if feeds is None:
        return f"{text.rstrip()}\nfeeds:\n" + _written(entries, 2)
    lines = text.splitlines(keepends=True)
    if isinstance(feeds, ScalarNode) and not feeds.value:
        at, column = _last_line(feeds) + 1, 2
    elif isinstance(feeds, SequenceNode) and not feeds.flow_style and feeds.value:
        at, column = _last_line(feeds) + 1, feeds.start_mark.column
    else:
        raise ConfigurationError(
            f"{file}:{place_of(feeds)}: feeds: written in a way that is not added to",
            hint="Write one feed a line, `- url: https://…`, or add it by hand.",
        )
    before = "".join(lines[:at])
    if before and not before.endswith("\n"):
        before += "\n"
    return before + _written(entries, column) + "".join(lines[at:])


def _value_of(root: Node, key: str) -> Node | None:
    if isinstance(root, MappingNode):
        for name, value in root.value:
            if name.value == key:
                found: Node = value
                return found
    return None


def _last_line(node: Node) -> int:
    """The line, from 0, on which the last word of `node` stands: its own end mark lies beyond comments that follow."""
    if isinstance(node, ScalarNode) or not node.value:
        mark = node.end_mark
        return int(mark.line - 1 if mark.column == 0 and mark.line > node.start_mark.line else mark.line)
    last = node.value[-1]
    if isinstance(node, MappingNode):
        return max(_last_line(last[0]), _last_line(last[1]))
    if isinstance(node, SequenceNode) and node.flow_style:
        return int(node.end_mark.line)
    return _last_line(last)


def _written(entries: Sequence[dict[str, Any]], column: int) -> str:
    # Each by itself: what several share would be written once, with a mark that the others point at.
    text = "".join(
        yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=10_000, default_flow_style=None)
        for entry in entries
    )
    return "".join(" " * column + line for line in text.splitlines(keepends=True))


def _replace(file: Path, text: str) -> None:
    target = file.resolve()  # a link stays one
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        load_subscriptions(draft)
        draft.chmod(file.stat().st_mode & 0o777 if file.exists() else 0o644)
        draft.replace(target)
    except OSError as error:
        raise ConfigurationError(f"{file}: cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
