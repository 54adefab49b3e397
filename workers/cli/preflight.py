"""Looks at the configuration before anything is started, so that a mistake is one message and not a dying process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from workers.notify.routing import Receivers
    from workers.settings import Settings
    from workers.watch.pattern_file import PatternSet


def check_patterns(settings: Settings) -> PatternSet:
    """The patterns in force. Raises ConfigurationError with all their mistakes, InputError for a bad path."""
    from workers.cli.event_types import event_types
    from workers.watch.pattern_file import load_patterns

    return load_patterns([settings.patterns_path], event_types(settings))


def check_receivers(settings: Settings, patterns: PatternSet) -> Receivers:
    """The receivers in force; `patterns` may name no other. Raises ConfigurationError."""
    from workers.notify.config import load_receivers

    receivers = load_receivers(settings.receivers)
    receivers.check_names({name for pattern in patterns.patterns for name in pattern.document.receivers})
    return receivers


def check_feeds(settings: Settings) -> Path | None:
    """The subscriptions in force; None if there are none. Raises ConfigurationError with all their mistakes."""
    from workers.feeds.paths import feeds_path
    from workers.feeds.subscriptions import load_subscriptions

    path = feeds_path(settings)
    if settings.feeds is None and not path.exists():
        return None
    load_subscriptions(path)
    return path.absolute()


def check_model(settings: Settings) -> str:
    """The package of the spaCy pipeline. Raises ConfigurationError if it is not installed."""
    from workers.annotate.pipeline import installed_name

    return installed_name(settings.model)
