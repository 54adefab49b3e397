"""When a receiver is told of an alert, and what of: groups, in Alertmanager's words. Pure.

A receiver with `group_by` gets one notification for the alerts whose labels agree. The first of a group waits for
`group_wait`; what comes later is told `group_interval` after the last notification of the group.
"""

from __future__ import annotations

from datetime import datetime

from topics.alerts import Alert
from topics.base import digest
from workers.notify.changes import Timer, When
from workers.notify.matchers import Labels, labels_of
from workers.notify.mutes import closed, closing_time
from workers.notify.targets import LEVELS, RECEIVER_PATTERN, Receiver


def group_labels(alert: Alert, receiver: Receiver) -> Labels:
    """What the alerts of one notification have in common; empty for a receiver that does not group."""
    labels = labels_of(alert, receiver.name)
    return {name: labels.get(name, ()) for name in receiver.grouping.by or ()}


def when(alert: Alert, receiver: Receiver) -> When:
    """When `receiver` is told of `alert`. Trouble with a receiver waits for nothing."""
    grouping = receiver.grouping
    if grouping.by is None:
        return When(interval=grouping.interval, wants_updates=grouping.updates)
    parts = [f"{name}={chr(31).join(values)}" for name, values in group_labels(alert, receiver).items()]
    about_receiver = alert.pattern_id == RECEIVER_PATTERN
    if about_receiver:
        parts.append(RECEIVER_PATTERN)
    urgent = grouping.urgent_from is not None and LEVELS.index(alert.level) >= LEVELS.index(grouping.urgent_from)
    return When(
        group=digest("group", *parts),
        wait=grouping.wait,
        interval=grouping.interval,
        urgent=urgent or about_receiver,
        wants_updates=grouping.updates,
    )


def timers(alert: Alert, receiver: Receiver, told_at: datetime) -> tuple[Timer, ...]:
    """What time is to bring about of an alert that was told at `told_at`, if nothing else is said of it before."""
    if alert.state in ("retracted", "expired") or closed(alert, told_at):
        return ()
    end, patience = closing_time(alert), receiver.retry.give_up_after
    found: list[Timer] = []
    repeat = receiver.grouping.repeat
    if repeat is not None and (at := told_at.timestamp() + repeat) < end:
        found.append(Timer("repeat", at, at + patience))
    if receiver.grouping.closings and alert.closes_at is not None:
        found.append(Timer("close", end, end + patience))
    return tuple(found)
