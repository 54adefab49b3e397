"""Every pattern in docs/patterns.md loads, and its tests pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.pattern_file import load_patterns
from workers.watch.pattern_tests import run_tests

PAGE = Path(__file__).resolve().parents[3] / "docs" / "patterns.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=[re.search(r"id: (\S+)", block)[1] for block in BLOCKS])  # type: ignore[index]  # each has one
def test_a_pattern_of_the_page_loads_and_passes_its_tests(tmp_path, block) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(block)
    patterns = load_patterns([file], DEFAULT_EVENT_TYPES).patterns
    assert [result.test.name for result in run_tests(patterns) if not result.passed] == []


def test_the_page_shows_every_kind() -> None:
    text = "".join(BLOCKS)
    for word in ("temporal_ordered", "value_count", "event_count", "spike", "and not", " or "):
        assert word in text
