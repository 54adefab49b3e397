"""The watch step as the command line and the supervisor start it; the work is in `step.py`."""

from __future__ import annotations

from workers.redis_client import connect
from workers.settings import Settings
from workers.watch.event_types import EventTypes
from workers.watch.pattern_file import load_patterns
from workers.watch.step import Watch


def make_handler(settings: Settings, types: EventTypes) -> Watch:
    """The handler as configured; `types` are those of the ontology. Raises ConfigurationError for a broken pattern."""
    patterns = load_patterns([settings.patterns_path], types)
    return Watch(patterns, types, connect(settings), settings.namespace)
