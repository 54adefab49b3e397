"""The notify step as the command line and the supervisor start it; the work is in `step.py`."""

from __future__ import annotations

from workers.notify.step import Notify
from workers.settings import Settings


def make_handler(settings: Settings) -> Notify:
    """The handler as configured. Raises ConfigurationError for a bad receivers file."""
    return Notify.from_settings(settings)
