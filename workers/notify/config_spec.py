"""The shape of `receivers.yaml`, as written by a person: models that only check; `config` fetches secrets."""

from __future__ import annotations

import difflib
import re
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, Literal, Self

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
from topics.silences import Matcher
from workers.notify.matchers import LABELS, MatcherError, parse_matcher
from workers.notify.targets import NAME

_MAILBOX = re.compile(r"^(?:[^<>\r\n\x00]*<)?[^\s@<>,;\x00-\x1f]+@[^\s@<>,;\x00-\x1f]+>?$")
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
    if not NAME.fullmatch(given):
        raise ValueError(
            "expected lower-case letters, digits, '-' and '_', starting with a letter or digit, at most 63"
        )
    return given


def _mailbox(given: str) -> str:
    try:
        is_one = bool(_MAILBOX.fullmatch(given)) and ("<" in given) == given.endswith(">")
        if is_one:
            Address(addr_spec=parseaddr(given)[1])
    except (ValueError, IndexError, HeaderParseError):
        is_one = False
    if not is_one:
        raise ValueError("expected a mail address such as desk@example.org or Desk <desk@example.org>")
    return given


def _variable(given: str) -> str:
    if not _VARIABLE.fullmatch(given):  # it may be the secret itself, so it is not repeated
        raise ValueError("expected the name of an environment variable, such as SLACK_URL, not the value itself")
    return given


def _label(given: str) -> str:
    if given not in LABELS:
        near = difflib.get_close_matches(given, LABELS, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"{given!r} is no label{meant}; there are: {', '.join(LABELS)}")
    return given


def _matcher(given: Any) -> Any:
    if not isinstance(given, str):
        raise ValueError("expected a matcher such as level=critical or pattern=~launch-.*")  # noqa: TRY004 - pydantic takes only this
    try:
        return parse_matcher(given)
    except MatcherError as error:
        raise ValueError(str(error)) from None


def _some(given: tuple[Matcher, ...]) -> tuple[Matcher, ...]:
    if not given:  # not by min_length: a matcher that cannot be read would be told of twice
        raise ValueError("expected a matcher or more")
    return given


_RATE = re.compile(r"^(\d+)\s*/\s*(s|m|h)$")


def _interval(given: Any) -> Any:
    match = _RATE.match(given.strip()) if isinstance(given, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError("expected a rate such as 1/s, 30/m or 100/h")
    return _UNITS[match[2]] / int(match[1])


Interval = Annotated[float, BeforeValidator(_interval)]
"""Seconds between two messages, written as a rate."""

Words = Annotated[tuple[Annotated[str, Field(min_length=1, strict=True)], ...], Field(strict=False)]

Label = Annotated[str, AfterValidator(_label)]
AMatcher = Annotated[Matcher, BeforeValidator(_matcher)]

Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=30 * 86_400, allow_inf_nan=False)]
Timeout = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=300, allow_inf_nan=False)]
Mailbox = Annotated[str, Field(max_length=320), AfterValidator(_mailbox)]
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
    circuit_after: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 5


class ReceiverSpec(_Spec):
    """Options of every receiver."""

    name: Name
    type: str
    min_level: Level = "informational"
    tags: Words = ()
    patterns: Words = ()
    timeout: Timeout = 10.0
    rate_limit: Interval | None = None
    retry: RetrySpec = RetrySpec()
    every_change: Annotated[bool, Field(strict=True)] = False
    group_by: Annotated[tuple[Label, ...], Field(strict=False)] | None = None
    group_wait: Seconds | None = None
    group_interval: Seconds = 300.0
    repeat_interval: Seconds | None = None
    urgent_from: Level | None = None
    updates: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def _sound_intervals(self) -> Self:
        for name in ("group_wait", "urgent_from"):
            if self.group_by is None and getattr(self, name) is not None:
                raise ValueError(f"{name} goes with group_by")
        if self.repeat_interval is not None and self.repeat_interval < self.group_interval:
            found = f"repeat_interval ({self.repeat_interval:g} s)"
            raise ValueError(f"{found} is shorter than group_interval ({self.group_interval:g} s)")
        return self


class InhibitSpec(_Spec):
    """One of `inhibit_rules`."""

    source_matchers: Annotated[tuple[AMatcher, ...], AfterValidator(_some)]
    target_matchers: Annotated[tuple[AMatcher, ...], AfterValidator(_some)]
    equal: tuple[Label, ...] = ()


class TlsSpec(_Spec):
    """Files for TLS."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    @model_validator(mode="after")
    def _whole(self) -> TlsSpec:
        if self.key_file is not None and self.cert_file is None:
            raise ValueError("key_file needs cert_file")
        return self


class RemoteSpec(ReceiverSpec):
    """Options of receivers on the network."""

    allow_private: Annotated[bool, Field(strict=True)] = False
    tls: TlsSpec = TlsSpec()


class HttpSpec(RemoteSpec):
    """Options of receivers at an HTTP address."""

    url: SecretStr | None = None
    url_env: Variable | None = None
    url_file: Path | None = None


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
    cloudevents: Literal["structured", "binary"] | None = None
    template: Annotated[str, Field(strict=True)] | None = None
    template_file: Path | None = None
    content_type: Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)*$")] | None = None

    @model_validator(mode="after")
    def _one_body(self) -> WebhookSpec:
        given = [name for name in ("cloudevents", "template", "template_file") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"expected at most one of cloudevents, template, template_file; found {' and '.join(given)}"
            )
        if self.content_type is not None and given in ([], ["cloudevents"]):
            raise ValueError("content_type goes with template or template_file")
        return self


class SlackSpec(HttpSpec):
    """`type: slack`: the address of an incoming webhook, or the token of an app and a channel."""

    type: Literal["slack"]
    token_env: Variable | None = None
    token_file: Path | None = None
    channel: Annotated[str, Field(pattern=r"^[#@]?[\w.-]{1,80}$")] | None = None
    api_url: str | None = None
    show_closed: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _only_in_place(self) -> Self:
        is_app = self.token_env is not None or self.token_file is not None
        if self.show_closed and (not is_app or self.group_by is not None):
            raise ValueError("show_closed goes with an app's token and without group_by: it changes a message in place")
        return self


class EmailSpec(RemoteSpec):
    """`type: email`."""

    type: Literal["email"]
    host: Annotated[str, Field(min_length=1, max_length=253, strict=True)]
    port: Annotated[int, Field(ge=1, le=65_535, strict=True)] | None = None
    security: Literal["starttls", "tls", "none"] = "starttls"
    username: str | None = None
    password_env: Variable | None = None
    password_file: Path | None = None
    sender: Mailbox
    to: Annotated[tuple[Mailbox, ...], Field(min_length=1, max_length=50)]


class AppriseSpec(ReceiverSpec):
    """`type: apprise`."""

    type: Literal["apprise"]
    timeout: Timeout = 30.0
    urls_env: Variable | None = None
    urls_file: Path | None = None


class TerminalSpec(ReceiverSpec):
    """`type: terminal`."""

    type: Literal["terminal"]


class StdoutSpec(ReceiverSpec):
    """`type: stdout`."""

    type: Literal["stdout"]


class FileSpec(ReceiverSpec):
    """`type: file`."""

    type: Literal["file"]
    path: Path


AnySpec = WebhookSpec | SlackSpec | EmailSpec | AppriseSpec | TerminalSpec | StdoutSpec | FileSpec

BY_TYPE: dict[str, type[AnySpec]] = {
    "webhook": WebhookSpec,
    "slack": SlackSpec,
    "email": EmailSpec,
    "apprise": AppriseSpec,
    "terminal": TerminalSpec,
    "stdout": StdoutSpec,
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
