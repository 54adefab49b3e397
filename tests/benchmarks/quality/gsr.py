"""`python -m tests.benchmarks.quality.gsr FILE`: PLOVER roots and actors on the gold standard records of 2016.

A record has one root, a text that stands in several records has all of theirs. All roots that the reader gives count:
one that is not the file's is an extra answer, although a sentence may truly hold two. *Main* takes only one event of a
sentence: the first that is neither hypothetical nor negated, else the first.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pycountry
from rich.console import Console
from rich.table import Table

from tests.benchmarks.quality.scoring import Tally, total
from topics.annotations import Annotation, Event
from topics.articles import Article, revision_of
from workers.annotate.reader import Reader

RENAMED: Mapping[str, str] = {
    "DEMAND": "REQUEST",
    "DISAPPROVE": "ACCUSE",
    "INVESTIGATE": "ACCUSE",
    "FIGHT": "ASSAULT",
}
"""The labels of 2016 and today's roots."""

MISSPELT: Mapping[str, str] = {"JAP": "JPN", "ITL": "ITA", "VTN": "VNM"}
OFFICIAL = frozenset({"", "GOV", "MIL", "LEG", "JUD", "ELI", "COP", "***"})
"""Sectors that act for their country; others (rebels, civilians …) may be given it or not."""
MUTUAL = frozenset({"AGREE", "CONSULT"})
"""Of these roots the file tells source and target apart, and the reader lists all parties as actors."""


def main(arguments: list[str]) -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.quality.gsr", description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("--misses", metavar="ROOT", help="also list the sentences whose ROOT was not given, or ALL")
    chosen = parser.parse_args(arguments)
    records = [record for record in json.loads(chosen.path.read_text("utf-8")) if record["event"] != "DOCUMENT"]
    reader = Reader.load(model="en_core_web_sm")
    annotations = [_coded(reader, found) for found in reader.read([_article(record) for record in records])]
    console = Console(width=110 if not sys.stdout.isatty() else None, highlight=False)
    every, leading = count_roots(records, annotations)
    console.print(_root_table(every, leading))
    console.print(_role_table(records, annotations))
    for record, annotation in zip(records, annotations, strict=True):
        root = root_of(record)
        if chosen.misses in (root, "ALL") and root not in {event.plover for event in annotation.events}:
            got = [(e.type, e.plover, e.trigger.text) for e in annotation.events]
            console.print(f"{root} [{record['eventText']}] {record['text']}\n    {got}", markup=False)
    return 0


def _coded(reader: Reader, annotation: Annotation) -> Annotation:
    """With the roots that PLOVER's codebook gives: what is announced is an intention (AGREE, THREATEN)."""
    root = reader.ontology.coded_root
    events = tuple(event.model_copy(update={"plover": root(event.plover, event.status)}) for event in annotation.events)
    return annotation.model_copy(update={"events": events})


def root_of(record: Mapping[str, Any]) -> str:
    """Today's root of a record."""
    return RENAMED.get(record["event"], record["event"])


def count_roots(
    records: Sequence[Mapping[str, Any]], annotations: Sequence[Annotation]
) -> tuple[dict[str, Tally], dict[str, Tally]]:
    """Tallies by root, one text counted once: of all roots of each sentence, and of its main event's only."""
    every: dict[str, Tally] = defaultdict(Tally)
    leading: dict[str, Tally] = defaultdict(Tally)
    gold: dict[str, set[str]] = defaultdict(set)
    read: dict[str, Annotation] = {}
    for record, annotation in zip(records, annotations, strict=True):
        gold[record["text"]].add(root_of(record))
        read[record["text"]] = annotation
    for text, annotation in read.items():
        coded = [event for event in annotation.events if event.plover]
        for tallies, events in ((every, coded), (leading, _main(coded))):
            found = {event.plover for event in events if event.plover}
            for name in found | gold[text]:
                tallies[name].add(gold[text] & {name}, found & {name})
    return every, leading


def _main(events: Sequence[Event]) -> list[Event]:
    """The first event that happened or will, else the first; an empty list if there is none."""
    real = [event for event in events if event.status not in {"hypothetical", "negated"}]
    return (real or list(events))[:1]


def _article(record: Mapping[str, Any]) -> Article:
    text = record["text"].strip("{} ")
    moment = datetime.fromisoformat(record["date"]).replace(tzinfo=UTC)
    return Article(
        id=record["id"], revision=revision_of("", text), title="", text=text, published_at=moment, fetched_at=moment
    )


def _root_table(every: Mapping[str, Tally], leading: Mapping[str, Tally]) -> Table:
    table = Table(title="PLOVER roots", title_justify="left")
    for head in ("root", "P", "R", "F1", "main P", "main R", "main F1", "sentences"):
        table.add_column(head, justify="left" if head == "root" else "right")
    for name in sorted(every):
        table.add_row(name, *_figures(every[name], leading.get(name, Tally())), _labels(every[name]))
    table.add_section()
    sums = total(every.values()), total(leading.values())
    table.add_row("all (micro)", *_figures(*sums), _labels(sums[0]))
    named = [name for name, tally in every.items() if tally.right + tally.missed]
    macro = [sum(tallies[name].f1 for name in named) / len(named) for tallies in (every, leading)]
    table.add_row("all (macro F1)", "", "", f"{macro[0]:.3f}", "", "", f"{macro[1]:.3f}", "")
    return table


def _figures(*tallies: Tally) -> list[str]:
    return [f"{figure:.3f}" for tally in tallies for figure in (tally.precision, tally.recall, tally.f1)]


def _labels(tally: Tally) -> str:
    return str(tally.right + tally.missed)


# --- actors ----------------------------------------------------------------------------------------------------------


def _role_table(records: Sequence[Mapping[str, Any]], annotations: Sequence[Annotation]) -> Table:
    table = Table(title="Actors and targets as countries, where the root was found", title_justify="left")
    for head in ("role", "P", "R", "F1", "labels"):
        table.add_column(head, justify="left" if head == "role" else "right")
    tallies = {"actor": Tally(), "target": Tally()}
    for record, annotation in zip(records, annotations, strict=True):
        events = [event for event in annotation.events if event.plover == root_of(record)]
        if events:
            _count_roles(record, events, tallies)
    for role, tally in tallies.items():
        table.add_row(role, *_figures(tally), _labels(tally))
    return table


def _count_roles(record: Mapping[str, Any], events: Sequence[Event], tallies: Mapping[str, Tally]) -> None:
    gold = {role: _countries(record.get(key), OFFICIAL) for role, key in (("actor", "source"), ("target", "target"))}
    free = {role: _countries(record.get(key), None) for role, key in (("actor", "source"), ("target", "target"))}
    found = {role: _ids(events, role) for role in ("actor", "target")}
    if root_of(record) in MUTUAL:
        gold, free, found = ({"actor": s["actor"] | s["target"], "target": set()} for s in (gold, free, found))
    for role, tally in tallies.items():
        tally.add(gold[role], found[role] - (free[role] - gold[role]))


def _ids(events: Iterable[Event], role: str) -> set[str]:
    return {participant.id for event in events for participant in getattr(event, role) if len(participant.id) == 2}


def _countries(actors: object, sectors: frozenset[str] | None) -> set[str]:
    """ISO alpha-2 codes of the actors of the given sectors; of all sectors for None."""
    found: set[str] = set()
    for actor in actors if isinstance(actors, list) else ():
        code = MISSPELT.get(actor.get("code"), actor.get("code"))
        country = pycountry.countries.get(alpha_3=code) if isinstance(code, str) and len(code) == 3 else None
        if country is not None and (sectors is None or (actor.get("sector") or "") in sectors):
            found.add(country.alpha_2)
    return found


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
