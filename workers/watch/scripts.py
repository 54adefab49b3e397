"""Lua scripts beside the modules that use them, called many at once in one round trip."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from redis.exceptions import NoScriptError

from workers.redis_client import Redis


@dataclass(frozen=True)
class Script:
    """The source of a script, and the hash by which Redis knows it."""

    source: str
    sha: str

    @classmethod
    def load(cls, name: str) -> Script:
        """The script in the file `name` of this folder."""
        source = (files("workers.watch") / name).read_text("utf-8")
        return cls(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


@dataclass(frozen=True, slots=True)
class Call:
    """One call; all `keys` share a hash tag."""

    script: Script
    keys: Sequence[str]
    args: Sequence[str | int | float | bytes]


async def run(client: Redis, calls: Sequence[Call]) -> list[Any]:
    """The answers to `calls`, in order. Raises the first error that Redis gave, after all have run.

    A server that does not know a script yet is sent its source with the call; each script may run twice.
    """
    if not calls:
        return []
    pipe = client.pipeline(transaction=False)
    for call in calls:
        pipe.evalsha(call.script.sha, len(call.keys), *call.keys, *call.args)
    answers: list[Any] = await pipe.execute(raise_on_error=False)
    unknown = [place for place, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
    if unknown:
        pipe = client.pipeline(transaction=False)
        for place in unknown:
            call = calls[place]
            pipe.eval(call.script.source, len(call.keys), *call.keys, *call.args)
        for place, answer in zip(unknown, await pipe.execute(raise_on_error=False), strict=True):
            answers[place] = answer
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers
