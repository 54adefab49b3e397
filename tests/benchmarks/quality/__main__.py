"""`python -m tests.benchmarks.quality FILE.jsonl…`: scores of the reader against labelled texts, and its mistakes."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from tests.benchmarks.quality.labelled import LabelError, read_items
from tests.benchmarks.quality.report import print_mistakes, print_scores
from tests.benchmarks.quality.scoring import Scores, score, total
from workers.annotate.ontology_file import load_ontology
from workers.annotate.reader import Reader

ONTOLOGY_VERSION_1 = Path(__file__).with_name("version1.txt")
"""The types that are scored; labels and events of further types are left out of account."""


def main(arguments: list[str]) -> int:
    """Score and print. Returns the exit code: 0, or 2 for a broken file."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.quality", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="labelled JSONL files")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="show the N worst readings")
    parser.add_argument("--type", help="only mistakes that name this event type")
    parser.add_argument("--model", default="en_core_web_sm")
    parser.add_argument("--ontology", type=Path, help="a file with more types")
    parser.add_argument("--json", action="store_true", help="the main figures as JSON")
    chosen = parser.parse_args(arguments)
    known = frozenset(load_ontology(chosen.ontology).types)
    labelled = frozenset(ONTOLOGY_VERSION_1.read_text("utf-8").split()) if chosen.ontology is None else known
    try:
        items = [item.only(labelled) for path in chosen.paths for item in read_items(path, known)]
    except (LabelError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    reader = Reader.load(model=chosen.model, ontology=chosen.ontology)
    annotations = reader.read([item.article() for item in items])
    scores = score(zip(items, annotations, strict=True), ignored_types=known - labelled)
    if chosen.json:
        print(json.dumps(summary(scores), indent=1))
        return 0
    console = Console(width=150 if not sys.stdout.isatty() else None, highlight=False)
    if chosen.type:
        scores.mistakes = [m for m in scores.mistakes if any(f" {chosen.type} " in f"{fault} " for fault in m.faults)]
    print_mistakes(scores, chosen.worst, console)
    print_scores(scores, console)
    return 0


def summary(scores: Scores) -> dict[str, float]:
    """The main figures by name."""
    actual, typed = total(scores.actual.values()), total(scores.with_status.values())
    return {
        "actual_precision": actual.precision,
        "actual_recall": actual.recall,
        "type_status_f1": typed.f1,
        "status_accuracy": scores.status.value,
        "actor_f1": scores.actor.f1,
        "target_f1": scores.target.f1,
        "entity_f1": scores.entities.f1,
        **{f"{name}_actual_precision": tally.precision for name, tally in sorted(scores.actual.items())},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
