"""`python -m tests.benchmarks.speed WHAT ARCHIVE…`: see the README beside this file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.benchmarks.speed import memory, parity, phases, scaling, sides, startup
from tests.benchmarks.speed.archives import EXAMPLES


def main(arguments: list[str]) -> int:
    """Run one benchmark. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.speed", description=__doc__)
    what = parser.add_subparsers(dest="what", required=True)
    for name, text in (
        ("compare", "words per second beside spaCy as it comes"),
        ("memory", "memory after 1,000, 10,000 and 100,000 articles"),
        ("startup", "seconds until a process is ready, and until its first annotation"),
        ("parity", "are the shortcuts' entities and events those of the whole pipeline?"),
        ("scaling", "two processes against one"),
        ("phases", "what the time is spent on"),
    ):
        command = what.add_parser(name, help=text)
        command.add_argument("paths", nargs="*", type=Path, default=[EXAMPLES], help="archives; default: the sample")
        command.add_argument("--limit", type=int, help="only so many articles")
        if name == "compare":
            command.add_argument("--parts", type=int, default=12, help="rounds")
            command.add_argument("--spacy", help="the version to compare with; default: the newest")
        if name == "memory":
            command.add_argument("--articles", type=int, nargs="+", default=[1_000, 10_000, 100_000])
        if name == "parity":
            command.add_argument("--show", type=int, default=20, help="so many differences are printed")
    chosen = parser.parse_args(arguments)
    if chosen.what == "compare":
        return sides.compare(chosen.paths, parts=chosen.parts, limit=chosen.limit, version=chosen.spacy)
    if chosen.what == "memory":
        return memory.measure(chosen.paths, chosen.articles)
    if chosen.what == "parity":
        return parity.measure(chosen.paths, limit=chosen.limit, show=chosen.show)
    return {"startup": startup, "scaling": scaling, "phases": phases}[chosen.what].measure(
        chosen.paths, limit=chosen.limit
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
