"""docs/notifications.md: its examples can be read and do what it says, and it names every key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.notify.simulated import World, alert
from workers.notify.config import load_receivers
from workers.notify.config_spec import BY_TYPE, InhibitSpec, RetrySpec, TlsSpec
from workers.notify.matchers import LABELS, parse_matcher
from workers.notify.routing import Receivers
from workers.redis_client import Redis

CHECKOUT = Path(__file__).resolve().parents[3]
TEXT = (CHECKOUT / "docs" / "notifications.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"<!-- example: (\w+) -->\n```yaml\n(.*?)```", TEXT, re.DOTALL))


def example(name: str, folder: Path) -> Receivers:
    file = folder / "receivers.yaml"
    file.write_text(EXAMPLES[name], "utf-8")
    return load_receivers(file, {})


async def test_the_example_of_groups_does_what_the_page_says(redis: Redis, tmp_path: Path) -> None:
    (receiver,) = example("groups", tmp_path).all
    world = World(redis, receiver)
    await world.take(alert("first"))
    await world.until(15)
    await world.take(alert("second"))
    await world.until(60)
    await world.take(alert("third"))
    await world.until(65)
    assert world.told("night-desk") == [(20.0, [("first", "firing"), ("second", "firing")])]
    quiet = World(redis, receiver)
    quiet.now = world.now
    await quiet.until(70)
    await quiet.take(alert("critical", level="critical"))
    assert quiet.told("night-desk") == [(70.0, [("critical", "firing"), ("third", "firing")])]


async def test_without_the_critical_one_the_third_waits_for_the_interval(redis: Redis, tmp_path: Path) -> None:
    (receiver,) = example("groups", tmp_path).all
    world = World(redis, receiver)
    await world.take(alert("first"))
    await world.until(60)
    await world.take(alert("third"))
    await world.until(1000, every=2)
    assert world.told("night-desk")[1] == (620.0, [("third", "firing")])


async def test_the_example_of_inhibition_mutes(redis: Redis, tmp_path: Path) -> None:
    found = example("inhibition", tmp_path)
    world = World(redis, *found.all, rules=found.inhibit_rules)
    await world.take(alert("big", level="critical"))
    await world.take(alert("small", level="low"), alert("high"))
    assert sorted(world.outcomes("screen")) == [("big", "delivered"), ("high", "delivered"), ("small", "muted")]


def test_every_key_and_every_label_stands_there() -> None:
    models = [*BY_TYPE.values(), InhibitSpec, RetrySpec, TlsSpec]
    missing = {key for model in models for key in model.model_fields if f"`{key}`" not in TEXT}
    assert not missing
    assert all(f"`{label}`" in TEXT for label in LABELS)


@pytest.mark.parametrize("text", re.findall(r"^\| `([a-z]+(?:=~|!~|!=|=)[^`]*)` \|", TEXT, re.MULTILINE))
def test_the_matchers_of_the_table_are_some(text: str) -> None:
    assert parse_matcher(text)
