"""How many generated streams the oracle has agreed with, test by test: runs the property tests and counts."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parents[2] / "unit" / "watch"
FILES = ("test_engine_against_oracle.py", "test_crashes.py", "test_backtest.py", "test_changed_patterns.py")
_BLOCK = re.compile(r"^(tests/\S+::(?P<name>test_\w+)):$(?P<body>(?:\n(?!tests/).*)*)", re.MULTILINE)
_NUMBERS = re.compile(r"(\d+) passing(?: examples)?, (\d+) failing(?: examples)?, (?:and )?\d+ invalid")


def run(factor: int) -> int:
    """Run them with `factor` times the usual number of streams and print a table. Returns pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--hypothesis-show-statistics"]
    done = subprocess.run(
        [*command, "-k", "not (wire or span or versions or wider)", *(str(TESTS / file) for file in FILES)],
        env={**os.environ, "PROPERTY_FACTOR": str(factor)},
        capture_output=True,
        text=True,
        check=False,
    )
    streams = failures = 0
    print(f"{'property':88} {'on':>6} {'streams':>8} {'differ':>7}")
    for block in _BLOCK.finditer(done.stdout):
        counted = _NUMBERS.findall(block["body"])
        passing, failing = sum(int(numbers[0]) for numbers in counted), sum(int(numbers[1]) for numbers in counted)
        where = "Redis" if _uses_redis(block["name"]) else "memory"
        print(f"{block['name'].removeprefix('test_').replace('_', ' '):88} {where:>6} {passing:8,} {failing:7,}")
        streams, failures = streams + passing, failures + failing
    print(f"{'all':88} {'':>6} {streams:8,} {failures:7,}")
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-2000:])
    return done.returncode


def _uses_redis(name: str) -> bool:
    found = "".join((TESTS / file).read_text("utf-8") for file in FILES)
    head = found[found.index(f"def {name}(") :]
    return "redis_url" in head[: head.index("->")]
