"""Every hard case of the issue's list on a real Redis; `python -m tests.benchmarks.watch hard-cases` prints them."""

from __future__ import annotations

import pytest

from tests.unit.watch.hard_cases import CASES, HardCase
from tests.unit.watch.scene import Scene


@pytest.mark.parametrize("hard", CASES, ids=lambda hard: hard.name)
async def test_hard_case(client, hard: HardCase) -> None:
    scene = Scene(client, "hard")
    await hard.play(scene)
    assert scene.story == hard.expected
