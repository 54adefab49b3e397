"""The rolling counts of one annotation, as plainly as they can be written: for the loops that are measured beside ours.

It knows nothing of revisions and of crashes, so it may count twice. Only the standard library: it also runs where Quix
Streams is installed and Tocsin is not.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

SIZES = (("m", 60, 26 * 3600), ("h", 3600, 9 * 86400))


def count_into(pipe: Any, prefix: str, value: bytes) -> None:
    """Queue the commands that count the annotation in `value`: entities, event types and pairs, by minute and hour."""
    told = json.loads(value)
    second = int(datetime.fromisoformat(told["event_time"]).timestamp())
    actual = [event for event in told["events"] if event["status"] == "actual"]
    kinds = {
        "entity": {entity["id"] for entity in told["entities"]},
        "event": {event["type"] for event in actual},
        "pair": {f"{event['type']}:{party['id']}" for event in actual for party in event["actor"]},
    }
    for kind, members in kinds.items():
        for letter, length, lives in SIZES:
            if members:
                key = f"{prefix}:{kind}:{letter}:{second // length}"
                for member in members:
                    pipe.zincrby(key, 1, member)
                pipe.expire(key, lives)
