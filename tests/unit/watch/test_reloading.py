"""Pattern files that change while the step runs: all or nothing, told in the log, and no batch sees half of it."""

from __future__ import annotations

import os

import pytest
from structlog.testing import capture_logs

from tests.unit.watch.builders import annotation, at, event
from tests.unit.watch.test_step import Heard, handled, incoming
from workers.redis_client import Redis
from workers.watch.event_types import DEFAULT_EVENT_TYPES
from workers.watch.reloading import PatternFolder
from workers.watch.step import Watch

TEXT = """
title: Launch and summit
id: launch-summit
correlation:
  type: temporal
  rules: [missile_launch, summit]
  group-by: [actor]
  timespan: {timespan}
cooldown: {cooldown}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "patterns" / "one.yaml"
    path.parent.mkdir()
    path.write_text(TEXT.format(timespan="1h", cooldown="48h"))
    return path


def made(client: Redis, file) -> Watch:
    folder = PatternFolder([file.parent], DEFAULT_EVENT_TYPES)
    return Watch(folder.load(), DEFAULT_EVENT_TYPES, client, "r", now=lambda: at(days=2000), folder=folder)


def launch(name: str, hours: float, offset: int):
    return incoming(annotation(name, at(hours), event("missile_launch", "KP")), offset)


def summit(name: str, hours: float, offset: int):
    return incoming(annotation(name, at(hours), event("summit", "KP")), offset)


async def test_a_changed_file_is_in_force_at_the_next_tick(client, file) -> None:
    step, heard = made(client, file), Heard()
    await step.start(heard.publish)
    await handled(step, heard, launch("l", 0, 0))
    file.write_text(TEXT.format(timespan="12h", cooldown="48h"))
    with capture_logs() as logs:
        await step.tick()
    assert [entry["changed"] for entry in logs if entry["event"] == "patterns.reloaded"] == [["launch-summit"]]
    await handled(step, heard, summit("s", 6, 1))
    assert len(heard.firing) == 1


async def test_a_cooldown_shortened_by_reload_is_reckoned_anew(client, file) -> None:
    step, heard = made(client, file), Heard()
    await step.start(heard.publish)
    await handled(step, heard, launch("l1", 0, 0), summit("s1", 0.5, 1), launch("l2", 10, 2), summit("s2", 10.5, 3))
    assert len(heard.firing) == 1
    file.write_text(TEXT.format(timespan="1h", cooldown="2h"))
    await step.tick()
    await handled(step, heard, launch("l3", 20, 4), summit("s3", 20.5, 5))
    assert len(heard.firing) == 2  # ten hours after what rang; what was quiet stays so


@pytest.mark.parametrize("broken", ["title: [", TEXT.format(timespan="1x", cooldown="48h"), ""])
async def test_a_broken_file_leaves_the_old_set_in_force_and_is_told_once(client, file, broken) -> None:
    step, heard = made(client, file), Heard()
    await step.start(heard.publish)
    file.write_text(broken)
    with capture_logs() as logs:
        await step.tick()
        await step.tick()
    told = [entry for entry in logs if entry["event"] == "patterns.not_reloaded"]
    assert len(told) == 1
    assert told[0]["log_level"] == "error"
    await handled(step, heard, launch("l", 0, 0), summit("s", 0.5, 1))
    assert len(heard.firing) == 1
    file.write_text(TEXT.format(timespan="3h", cooldown="48h"))
    with capture_logs() as logs:
        await step.tick()
    assert any(entry["event"] == "patterns.reloaded" for entry in logs)


async def test_a_new_file_a_removed_one_and_a_signal(client, file) -> None:
    step, heard = made(client, file), Heard()
    await step.start(heard.publish)
    second = file.parent / "two.yaml"
    second.write_text(TEXT.format(timespan="1h", cooldown="48h").replace("launch-summit", "second"))
    with capture_logs() as logs:
        await step.tick()
        second.unlink()
        await step.tick()
        await step.tick()  # nothing changed
        step.reload()
        await step.tick()
    told = [entry for entry in logs if entry["event"] == "patterns.reloaded"]
    assert [(entry["added"], entry["removed"]) for entry in told] == [(["second"], []), ([], ["second"]), ([], [])]


async def test_the_same_content_written_again_changes_nothing_that_rings(client, file) -> None:
    step, heard = made(client, file), Heard()
    await step.start(heard.publish)
    await handled(step, heard, launch("l", 0, 0))
    os.utime(file, ns=(1, 1))
    await step.tick()
    await handled(step, heard, summit("s", 0.5, 1))
    assert len(heard.alerts) == 1
