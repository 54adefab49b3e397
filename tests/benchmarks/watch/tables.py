"""Tables of what is expected and what comes: the hard cases, and broken pattern files with their golden messages."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from tests.rig.redis import real_redis
from tests.unit.watch import test_pattern_files as golden
from tests.unit.watch.hard_cases import CASES
from tests.unit.watch.scene import Scene
from workers.logs import configure_logging
from workers.redis_client import connect
from workers.settings import Settings


def hard_cases() -> int:
    """Play all of them on a Redis of their own and print expected and got. Returns how many differ."""
    configure_logging("error")
    with real_redis() as server:
        return asyncio.run(_play_all(server.url))


async def _play_all(url: str) -> int:
    differ = 0
    print(f"{'case':80} {'expected':24} {'got':24}")
    for number, hard in enumerate(CASES):
        client = connect(Settings(redis_url=url))
        scene = Scene(client, f"hard{number}")
        await hard.play(scene)
        await client.aclose()
        differ += scene.story != hard.expected
        mark = "" if scene.story == hard.expected else "  DIFFERS"
        print(f"{hard.name:80} {hard.expected:24} {scene.story:24}{mark}")
    print(f"{len(CASES)} cases, {differ} differ")
    return differ


def broken_patterns() -> int:
    """Check each broken file and print its message. Returns how many differ from the golden one."""
    differ = 0
    cases = [(p.id, p.values[0], p.values[1]) for p in golden.BROKEN]
    for kind, condition, message, name in ((*p.values, p.id) for p in golden.CONDITIONS):
        text = golden.SOUND.replace("temporal", kind) + f"  condition: {condition}\n"
        cases.append((name, text, f"8:14: correlation.condition: {message}"))
    cases += [(p.id, golden.SOUND.replace("temporal", p.values[0]) + p.values[1], p.values[2]) for p in golden.COUNTS]
    with tempfile.TemporaryDirectory() as folder:
        for name, text, message in cases:
            found = golden.problems(Path(folder), text)
            differ += message not in found
            print(f"{name:34} {message if message in found else f'DIFFERS: {found}'}")
    print(f"{len(cases)} broken files, {differ} messages differ")
    return differ
