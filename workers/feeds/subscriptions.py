"""What `feeds.yaml` says: the subscriptions, with every mistake told at once by file, line and column.

Secrets are named, never written: `${NAME}` stands for an environment variable, `password_file` for a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from workers.errors import ConfigurationError, InputError
from workers.feeds.sharding import NO_HOST, host_of
from workers.feeds.spans import AT_ONCE, NEVER, parse_span, show_span
from workers.yamlfile import Document, Location, Problem, read_documents
from workers.yamlmodel import OneOrMore, near, problem_of

HINT = "docs/feeds.md tells what may stand there; `tocsin feeds list` reads it again."
GAP = timedelta(seconds=2)
"""Between two requests to a host, whoever makes them."""

ALERT_AFTER = timedelta(hours=6)
_TOKEN = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "if-none-match", "if-modified-since",
                   "accept-encoding", "user-agent"})  # fmt: skip
_SECRET = frozenset({"password", "headers"})
"""What stands there is never repeated in a message."""


_LOGIN = "login"


def _allowed(what: str) -> PydanticCustomError:
    return PydanticCustomError("allowed", "{allowed}", {"allowed": what})


def _span(shortest: timedelta, longest: timedelta, *words: str) -> BeforeValidator:
    def read(given: Any) -> timedelta:
        try:
            found = given if isinstance(given, timedelta) else parse_span(str(given), words)
        except ValueError as error:
            raise _allowed(str(error)) from None
        if not shortest <= found <= longest and found not in (NEVER, AT_ONCE):
            raise _allowed(f"from {show_span(shortest)} to {show_span(longest)}")
        return found

    return BeforeValidator(read)


def _url(given: str) -> str:
    if any(character.isspace() or not character.isprintable() for character in given):
        raise _allowed("an address without spaces")
    if not given.lower().startswith(("http://", "https://")) or host_of(given) in (NO_HOST, ""):
        raise _allowed("an address such as https://news.example/feed.xml")
    if "@" in given.split("/")[2]:
        raise PydanticCustomError(
            _LOGIN, "{allowed}", {"allowed": "an address without a login; username and password_file stand beside it"}
        )
    return given


def _header_names(given: dict[str, str]) -> dict[str, str]:
    for name in given:
        if not _TOKEN.fullmatch(name):
            raise _allowed("names of letters, digits and '-'")
        if name.lower() in _OURS:
            raise _allowed(f"any header but {name}, which Tocsin sets itself")
    return given


def _password(given: str) -> str:
    if not re.fullmatch(r"\$\{\w+\}", given):
        raise _allowed("${NAME} of an environment variable: secrets do not stand in this file (or: password_file)")
    return given


Words = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], OneOrMore()]
Interval = Annotated[timedelta, _span(timedelta(minutes=1), timedelta(days=30))]
Patience = Annotated[timedelta, _span(timedelta(minutes=1), timedelta(days=365), "at once", "never")]
Silence = Annotated[timedelta, _span(timedelta(minutes=10), timedelta(days=365), "never")]
Gap = Annotated[timedelta, _span(timedelta(milliseconds=1), timedelta(hours=1))]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Options(_Part):
    """What may be said of a feed, or in `defaults` of all.

    `interval` None: from the feed's own rhythm. `alert_after`: how long it may fail before an alert tells of it.
    `silent_after`: how long it may give nothing new.
    """

    tags: Words = ()
    interval: Interval | None = None
    user_agent: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    headers: Annotated[dict[str, str], AfterValidator(_header_names)] = Field(default_factory=dict)
    username: Annotated[str, Field(min_length=1)] | None = None
    password: Annotated[str, AfterValidator(_password)] | None = None
    password_file: Path | None = None
    full_text: bool = False
    alert_after: Patience = ALERT_AFTER
    silent_after: Silence = NEVER
    allow_private: bool = False


class Subscription(Options):
    """One feed. `url` is as written; `access` says what is asked in its place."""

    url: Annotated[str, AfterValidator(_url)]
    source: Annotated[str, Field(min_length=1, max_length=300)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, given: Any) -> Any:
        return {"url": given} if isinstance(given, str) else given

    @property
    def host(self) -> str:
        """The host that is asked first."""
        return host_of(self.url)


class FeedsFile(_Part):
    """`feeds.yaml` as written. `gap` and `gaps` (by host): the pause between two requests to a host."""

    gap: Gap = GAP
    gaps: dict[str, Gap] = Field(default_factory=dict)
    defaults: Options = Options()
    feeds: tuple[Subscription, ...] = ()

    @field_validator("feeds", mode="before")
    @classmethod
    def _none_yet(cls, given: Any) -> Any:
        return () if given is None else given


@dataclass(frozen=True)
class Subscriptions:
    """The feeds in force, in the order of the file."""

    feeds: tuple[Subscription, ...] = ()
    gap: timedelta = GAP
    gaps: Mapping[str, timedelta] = field(default_factory=dict)

    def by_host(self) -> dict[str, tuple[Subscription, ...]]:
        """The feeds of each host."""
        hosts: dict[str, list[Subscription]] = {}
        for each in self.feeds:
            hosts.setdefault(each.host, []).append(each)
        return {host: tuple(feeds) for host, feeds in hosts.items()}

    def gap_of(self, host: str) -> timedelta:
        """The pause between two requests to `host`."""
        return self.gaps.get(host, self.gap)

    def find(self, url: str) -> Subscription | None:
        """The feed of that address."""
        return next((each for each in self.feeds if each.url == url), None)


def same_feed(url: str) -> str:
    """The same for two ways of writing one address: case of scheme and host, the usual port, a host without a path."""
    try:
        parts = urlsplit(url)
        usual = {"http": 80, "https": 443}.get(parts.scheme)
        host = parts.netloc.lower().removesuffix(f":{usual}")
    except ValueError:
        return url
    return parts._replace(netloc=host, path=parts.path or "/", fragment="").geturl()


def load_subscriptions(file: Path) -> Subscriptions:
    """The subscriptions in `file`. Raises ConfigurationError with all mistakes, InputError if it cannot be read."""
    try:
        documents, problems = read_documents(file)
    except OSError as error:
        raise InputError(
            f"{file}: cannot be read: {error.strerror or error}", hint="`tocsin feeds add URL` makes one."
        ) from error
    if len(documents) > 1:
        problems.append(documents[1].problem((), "a second document", "one document in the file"))
    found = _parsed(documents[0], problems) if documents else FeedsFile()
    if problems or found is None:
        problems.sort(key=lambda problem: (problem.line, problem.column))
        raise ConfigurationError("\n".join(str(problem) for problem in problems), hint=HINT)
    return Subscriptions(tuple(_with_defaults(each, found.defaults) for each in found.feeds), found.gap, found.gaps)


def _parsed(document: Document, problems: list[Problem]) -> FeedsFile | None:
    try:
        found = FeedsFile.model_validate(document.value)
    except ValidationError as error:
        problems += [_problem(document, detail) for detail in error.errors(include_url=False)]
        return None
    problems += _contradictions(document, found)
    return found


def _contradictions(document: Document, found: FeedsFile) -> Iterable[Problem]:
    first: dict[str, int] = {}
    for index, entry in enumerate(found.feeds):
        here = ("feeds", index)
        address = same_feed(entry.url)
        if address in first:
            place = document.place(("feeds", first[address]))
            yield document.problem((*here, "url"), None, f"an address of its own; line {place.line} has it already")
        first.setdefault(address, index)
        whole = _with_defaults(entry, found.defaults)
        ways = [name for name in ("password", "password_file") if getattr(whole, name) is not None]
        if len(ways) > 1:
            yield document.problem((*here, "password"), "password and password_file", "one of them")
        if bool(ways) != (whole.username is not None):
            yield document.problem(here, "username or password alone", "both of them, or none")


def _with_defaults(entry: Subscription, defaults: Options) -> Subscription:
    changes = {name: getattr(defaults, name) for name in defaults.model_fields_set - entry.model_fields_set}
    changes["tags"] = tuple(dict.fromkeys((*defaults.tags, *entry.tags)))
    changes["headers"] = {**defaults.headers, **entry.headers}
    return entry.model_copy(update=changes)


def _problem(document: Document, detail: ErrorDetails) -> Problem:
    location = detail["loc"]
    unseen = bool(_SECRET & {str(step) for step in location}) or detail["type"] == _LOGIN
    if unseen and detail["type"] != "extra_forbidden":
        allowed = detail.get("ctx", {}).get("allowed", detail["msg"])
        return document.problem(location, "a value that is not shown here", f"allowed: {allowed}")
    return problem_of(document, detail, _known_keys)


def _known_keys(location: Location) -> str:
    if "defaults" in location:
        names = list(Options.model_fields)
    elif "feeds" in location:
        names = list(Subscription.model_fields)
    else:
        names = list(FeedsFile.model_fields)
    return near(str(location[-1]), names, "keys")
