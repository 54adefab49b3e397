"""Where the subscriptions stand."""

from __future__ import annotations

from pathlib import Path

from workers.settings import Settings

FILE = "feeds.yaml"
"""In the folder where a command is run, if TOCSIN_FEEDS names no other."""


def feeds_path(settings: Settings) -> Path:
    """The file in force; it need not exist."""
    return settings.feeds or Path(FILE)
