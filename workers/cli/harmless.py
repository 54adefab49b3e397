"""A terminal that shows what strangers wrote, and does not do what it says."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from workers.notify.receivers.words import harmless


class HarmlessConsole(Console):
    """Prints each string as one line without control characters; line ends before it stay. For tables, see `plain`."""

    def print(self, *objects: Any, **options: Any) -> None:
        """As Console does."""
        super().print(*(_line(each) if isinstance(each, str) else each for each in objects), **options)


def _line(text: str) -> str:
    words = text.lstrip("\n")
    return text[: len(text) - len(words)] + harmless(words)
