"""The shape of `receivers.yaml`, as written by a person: models that only check; `config` fetches secrets."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SecretStr,
    Tag,
    model_validator,
)

from topics.alerts import Level
from workers.notify.targets import NAME

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)$")
_VARIABLE = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*$")


def _seconds(given: Any) -> Any:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return given
    match = _DURATION.match(given.strip()) if isinstance(given, str) else None
    if match is None:
        raise ValueError("expected a duration such as 10s, 5m or 24h")
    return float(match[1]) * _UNITS[match[2]]


def _name(given: str) -> str:
    if not NAME.match(given):
        raise ValueError(
            "expected lower-case letters, digits, '-' and '_', starting with a letter or digit, at most 63"
        )
    return given


def _variable(given: str) -> str:
    if not _VARIABLE.match(given):  # it may be the secret itself, so it is not repeated
        raise ValueError("expected the name of an environment variable, such as SLACK_URL, not the value itself")
    return given


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=30 * 86_400, allow_inf_nan=False)]
Timeout = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=300, allow_inf_nan=False)]
Name = Annotated[str, AfterValidator(_name)]
Variable = Annotated[str, AfterValidator(_variable)]


class _Spec(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class RetrySpec(_Spec):
    """The schedule of tries."""

    first: Seconds = 1.0
    longest: Seconds = 600.0
    give_up_after: Seconds = 86_400.0
    attempts: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = None


class ReceiverSpec(_Spec):
    """Options of every receiver."""

    name: Name
    type: str
    min_level: Level = "informational"
    timeout: Timeout = 10.0
    retry: RetrySpec = RetrySpec()
    every_change: Annotated[bool, Field(strict=True)] = False


class HttpSpec(ReceiverSpec):
    """Options of receivers at an HTTP address."""

    url: SecretStr | None = None
    url_env: Variable | None = None
    url_file: Path | None = None
    allow_private: Annotated[bool, Field(strict=True)] = False


class FetchedHeader(_Spec):
    """A header whose value is secret."""

    env: Variable | None = None
    file: Path | None = None

    @model_validator(mode="after")
    def _one(self) -> FetchedHeader:
        if (self.env is None) == (self.file is None):
            raise ValueError("expected exactly one of env, file")
        return self


def _written_how(given: Any) -> str:
    return "fetched" if isinstance(given, dict | FetchedHeader) else "text"


Header = Annotated[
    Annotated[SecretStr, Tag("text")] | Annotated[FetchedHeader, Tag("fetched")], Discriminator(_written_how)
]
"""A header's value, or where it is to be fetched."""


class WebhookSpec(HttpSpec):
    """`type: webhook`."""

    type: Literal["webhook"]
    secret_env: Variable | None = None
    secret_file: Path | None = None
    headers: dict[str, Header] = Field(default_factory=dict)


class SlackSpec(HttpSpec):
    """`type: slack`."""

    type: Literal["slack"]


class TerminalSpec(ReceiverSpec):
    """`type: terminal`."""

    type: Literal["terminal"]


class FileSpec(ReceiverSpec):
    """`type: file`."""

    type: Literal["file"]
    path: Path


AnySpec = WebhookSpec | SlackSpec | TerminalSpec | FileSpec

BY_TYPE: dict[str, type[AnySpec]] = {
    "webhook": WebhookSpec,
    "slack": SlackSpec,
    "terminal": TerminalSpec,
    "file": FileSpec,
}


def kind_of(value: Any) -> str:
    """What a value is, in the words of YAML and without the value."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "a truth value"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "text" if isinstance(value, str) else f"a {type(value).__name__}"
