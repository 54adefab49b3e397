"""A body made by a template of the user's (Jinja), in a sandbox. Pure."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from topics.alerts import Alert
from workers.notify.message import Group
from workers.notify.receivers import groups, words


def _tojson(value: Any, indent: int | None = None) -> str:
    """JSON as it is, not as HTML wants it."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.filters["tojson"] = _tojson
    environment.filters["plain"] = words.plain
    environment.filters["shortened"] = words.shortened
    return environment


_ENVIRONMENT = _environment()


def render(text: str, alert: Alert, *, message_id: str, test: bool = False, group: Group | None = None) -> bytes:
    """The body for `alert`: the template sees `alert` (as in a webhook's `data`), `headline`, `level`, `id`, `test`,
    and `alerts` and `group` (label to values). Of several alerts, `alert` and `level` are those of the most urgent.

    Raises jinja2.TemplateError, also for a name that does not exist.
    """
    several = group or Group(message_id, (alert,))
    alert = groups.foremost(several)
    return (
        _ENVIRONMENT.from_string(text)
        .render(
            alert=alert.model_dump(mode="json"),
            headline=groups.headline(several, test=test),
            alerts=[one.model_dump(mode="json") for one in several.alerts],
            group={name: list(values) for name, values in several.labels.items()},
            level=words.level_words(alert),
            id=message_id,
            test=test,
        )
        .encode("utf-8", "replace")
    )
