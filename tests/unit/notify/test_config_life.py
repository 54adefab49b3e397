"""receivers.yaml: grouping, repeats, updates and inhibition; and what may not stand there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.notify.test_config import load, problems
from topics.silences import Matcher
from workers.notify.inhibition import InhibitRule
from workers.notify.targets import Grouping


def test_all_that_may_be_said(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
receivers:
  - name: desk
    type: terminal
    group_by: [actor, level]
    group_wait: 10s
    group_interval: 2m
    repeat_interval: 4h
    urgent_from: critical
    updates: true
  - {name: all, type: terminal, group_by: []}
  - {name: plain, type: terminal}
inhibit_rules:
  - source_matchers: [level=critical, pattern=~launch-.*]
    target_matchers: ["level=~low|medium"]
    equal: [actor]
""",
    )
    desk, everything, plain = (one.grouping for one in found.all)
    assert desk == Grouping(("actor", "level"), 10.0, 120.0, 14_400.0, "critical", updates=True)
    assert everything == Grouping((), 30.0, 300.0)
    assert plain == Grouping()
    assert found.inhibit_rules == (
        InhibitRule(
            (
                Matcher(name="level", operator="=", value="critical"),
                Matcher(name="pattern", operator="=~", value="launch-.*"),
            ),
            (Matcher(name="level", operator="=~", value="low|medium"),),
            ("actor",),
        ),
    )


def test_an_app_in_slack_is_told_of_updates_in_place(tmp_path: Path) -> None:
    app = "- {name: app, type: slack, token_env: KEY, channel: C1"
    (asked,) = load(tmp_path, app + ", show_closed: true}").all
    assert (asked.grouping.updates, asked.grouping.closings) == (True, True)
    (no,) = load(tmp_path, app + ", updates: false}").all
    assert not no.grouping.updates
    (grouped,) = load(tmp_path, app + ", group_by: [actor]}").all
    assert not grouped.grouping.updates


TERMINAL = "- name: a\n  type: terminal\n"
RULE = "receivers: [{name: a, type: terminal}]\ninhibit_rules:\n  - source_matchers: [level=critical]\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TERMINAL + "  group_by: [aktor]", "3:14: group_by.0: 'aktor' is no label (did you mean 'actor'?); "),
        (TERMINAL + "  group_wait: 10s", "1:3: group_wait goes with group_by"),
        (TERMINAL + "  urgent_from: critical", "1:3: urgent_from goes with group_by"),
        (TERMINAL + "  repeat_interval: 1m", "1:3: repeat_interval (60 s) is shorter than group_interval (300 s)"),
        (TERMINAL + "  repeat_interval: sometimes", "3:3: repeat_interval: expected a duration such as 10s, 5m or 24h"),
        (TERMINAL + "  updates: maybe", "3:3: updates: input should be a valid boolean"),
        (TERMINAL + "  group_interval: 0s", "3:3: group_interval: input should be greater than 0"),
        ("- {name: a, type: slack, url_env: HOOK, show_closed: true}",
         "1:3: show_closed goes with an app's token and without group_by: it changes a message in place"),
        ("receivers: [{name: a, type: terminal}]\ninhibit_rules: no", "2:1: expected a list of rules, found "),
        (RULE, "3:5: target_matchers is missing"),
        (RULE + "    target_matchers: []", "4:5: target_matchers: expected a matcher or more"),
        (RULE + "    target_matchers: [low]", "4:23: target_matchers.0: 'low' is no matcher; expected name=value"),
        (RULE + "    target_matchers: ['level=~(']", "4:23: target_matchers.0: level=~(: not a regular "),
        (RULE + "    target_matchers: [level=low]\n    equal: [x]", "5:13: equal.0: 'x' is no label; there are: "),
        (RULE + "    target_matchers: [level=low]\n    equals: [actor]",
         "5:5: unknown field 'equals' (did you mean 'equal'?); allowed: source_matchers, target_matchers, equal"),
    ],
)  # fmt: skip
def test_what_may_not(tmp_path: Path, text: str, expected: str) -> None:
    (found,) = problems(tmp_path, text)
    assert found.startswith(expected)
