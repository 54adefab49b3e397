"""`tocsin counts` and `tocsin stories` over a small archive in a real Redis."""

from __future__ import annotations

import asyncio
import csv
import io
import json

import pytest
from typer.testing import CliRunner

from tests.unit.watch.builders import annotation, at, event
from tests.unit.watch.test_stories import QUAKE, copy, own, text
from topics.annotations import Annotation
from workers.cli import app
from workers.cli.sparkline import sparkline
from workers.errors import InputError
from workers.redis_client import connect
from workers.redis_keys import Keys
from workers.settings import Settings
from workers.watch.counts import Countable, Counts
from workers.watch.redis_stories import Stories
from workers.watch.sightings import stamp_of

RUN = CliRunner()


def articles() -> list[Annotation]:
    """Eight days of a summit a day; on the last day an earthquake in three words of their own and a copy."""
    days = [
        annotation(f"day{day}n{n}", at(days=day, hours=n), event("summit", "KP", "RU"), entities=("KP",), source="bbc")
        for day in range(8)
        for n in range(3)
    ]
    quake = event("disaster", place="ID", when="2026-03-08")
    last = [
        own("q1", QUAKE, at(days=7, hours=3), quake),
        own("q2", f"quake {QUAKE}", at(days=7, hours=4), quake),
        own("q3", f"rescue {QUAKE}", at(days=7, hours=5), quake),
        copy("q4", text(8), at(days=7, hours=5.5), QUAKE),
        copy("q5", text(8), at(days=7, hours=5.6), QUAKE),
    ]
    named = annotation("x", at(0), entities=("ID",)).entities
    outlets = ["bbc", "dpa", "afp", "dpa", "reuters"]
    told = [
        a.model_copy(update={"source": o, "entities": named, "title": "Quake"})
        for a, o in zip(last, outlets, strict=True)
    ]
    return [*days, *told]


@pytest.fixture
def stored(redis_url, monkeypatch) -> None:
    async def store() -> None:
        client = connect(Settings(redis_url=redis_url))
        await client.flushall()
        keys = Keys("t")
        told = articles()
        found = await Stories(client, keys).assign(told)
        counts = Counts(client, keys, frozenset({"summit"}))
        await counts.apply(
            [Countable(0, n, stamp_of(a, n), a, f) for n, (a, f) in enumerate(zip(told, found, strict=True))]
        )
        await counts.done({0: len(told)})
        await client.aclose()

    asyncio.run(store())
    monkeypatch.setenv("TOCSIN_REDIS_URL", redis_url)
    monkeypatch.setenv("TOCSIN_NAMESPACE", "t")
    monkeypatch.setenv("TOCSIN_CLOCK", "archive")


def said(*command: str) -> str:
    result = RUN.invoke(app, list(command))
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("by", "kp", "indonesia"), [("articles", 3, 5), ("texts", 3, 4), ("stories", 3, 1), ("sources", 1, 4)]
)
def test_top_by_each_measure(by, kp, indonesia) -> None:
    rows = list(csv.reader(io.StringIO(said("counts", "top", "--by", by, "--csv"))))
    assert rows[0] == ["id", by]
    assert dict(rows[1:]) == {"KP": str(kp), "ID": str(indonesia)}
    assert by in said("counts", "top", "--by", by).splitlines()[1]


@pytest.mark.usefixtures("stored")
def test_a_series_as_json_as_csv_and_as_a_sparkline() -> None:
    told = json.loads(said("counts", "series", "ID", "--json"))
    assert [part["count"] for part in told["series"]] == [0] * 21 + [1, 1, 3]
    assert told["series"][-1]["from"] == "2026-03-08T05:00:00+00:00"
    assert said("counts", "series", "ID", "--csv").splitlines()[-1] == "2026-03-08T05:00:00+00:00,3"
    assert said("counts", "series", "ID").splitlines()[1] == " " * 21 + "▃▃█  most 3, last 3"
    assert (
        len(json.loads(said("counts", "series", "summit:KP", "--kind", "pair", "--window", "7d", "--json"))["series"])
        == 28
    )


@pytest.mark.usefixtures("stored")
def test_a_series_of_nothing_says_so() -> None:
    result = RUN.invoke(app, ["counts", "series", "summit"])
    assert result.exit_code == 0
    assert "another --kind" in result.stderr


@pytest.mark.usefixtures("stored")
def test_what_trends_is_the_earthquake() -> None:
    told = json.loads(said("counts", "trending", "--json"))
    assert told["days"] == 7
    assert [trend["id"] for trend in told["trends"]] == ["ID"]
    assert told["trends"][0]["before"] == [0] * 7
    assert told["trends"][0]["count"] == 5
    assert "ID" in said("counts", "trending")
    assert said("counts", "trending", "--csv").splitlines()[0] == "id,articles,expected,ratio,surprise"
    empty = RUN.invoke(app, ["counts", "trending", "--at", "2026-03-01T05:00Z"])
    assert "no earlier days" in empty.stderr


@pytest.mark.usefixtures("stored")
def test_the_top_story_and_all_that_is_known_of_it() -> None:
    top = json.loads(said("stories", "top", "--limit", "1", "--json"))["stories"][0]
    assert (top["sources"], top["texts"], top["articles"], top["title"]) == (4, 4, 5, "Quake")
    assert "place:aceh" in top["about"]
    story = json.loads(said("stories", "show", top["story"], "--json"))
    assert [(a["id"], a["outlet"], a["text"]) for a in story["articles"]] == [
        ("q1", "bbc", "A"), ("q2", "dpa", "B"), ("q3", "afp", "C"), ("q4", "dpa", "D"), ("q5", "reuters", "D"),
    ]  # fmt: skip
    assert story["outlets"] == story["independent"] == ["afp", "bbc", "dpa", "reuters"]
    assert story["events"] == ["disaster"]
    lines = said("stories", "show", top["story"]).splitlines()
    assert lines[0] == f"{top['story']}  Quake"
    assert "  2026-03-08 03:00Z    A  bbc  q1" in lines
    assert top["story"] in said("stories", "top")
    assert said("stories", "top", "--csv").splitlines()[0] == "story,sources,texts,articles,title,about"


@pytest.mark.usefixtures("stored")
def test_a_story_that_nobody_knows() -> None:
    for unknown in ("nonsense", "sAAAAAAAAAAAA"):
        result = RUN.invoke(app, ["stories", "show", unknown])
        assert isinstance(result.exception, InputError)


def test_a_sparkline_has_a_block_for_every_count() -> None:
    assert sparkline([]) == ""
    assert sparkline([0, 0]) == "  "
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 1000]) == "▁█"
