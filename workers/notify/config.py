"""`receivers.yaml`: read, checked with file, line and column, and its secrets fetched. No secret is ever repeated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from workers.errors import ConfigurationError, InputError
from workers.notify import config_spec as spec
from workers.notify.config_problems import explain, header_problem, secret_problem, url_problem
from workers.notify.targets import (
    FileReceiver,
    Receiver,
    Receivers,
    RetryPolicy,
    SlackReceiver,
    TerminalReceiver,
    WebhookReceiver,
)
from workers.yamlfile import Document, Fault, read_typed
from workers.yamlfile import Location as PathTo

HINT = "deploy/examples/receivers.yaml shows every type of receiver with all its options."


def load_receivers(file: Path | None, environment: Mapping[str, str] | None = None) -> Receivers:
    """The receivers in `file`; with None, one terminal for all alerts.

    `environment` is where `url_env` and its like are looked up (default: the process's). Raises ConfigurationError
    with all problems of the file at once, or InputError if it cannot be read.
    """
    if file is None:
        return Receivers.default()
    return _Reader(_document(file), os.environ if environment is None else environment).read()


def _document(file: Path) -> Document:
    try:
        return read_typed(file)
    except OSError as error:
        raise InputError(
            f"{file}: cannot be read: {error.strerror or error}", hint="Check the path and its permissions."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: is not UTF-8 text (byte {error.start})") from error
    except Fault as fault:
        kind = "not YAML: " if fault.syntax else ""
        raise ConfigurationError(f"{file}:{fault.place}: {kind}{fault.problem}") from None


@dataclass
class _Problem:
    place: str
    message: str


class _Reader:
    """Collects problems instead of stopping at the first."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self.document = document
        self.environment = environment
        self.problems: list[_Problem] = []

    def read(self) -> Receivers:
        entries, at = self._entries()
        found: list[Receiver] = []
        names: dict[str, PathTo] = {}
        for index, entry in enumerate(entries):
            path = (*at, index)
            receiver = self._receiver(entry, path)
            if receiver is None:
                continue
            if receiver.name in names:
                first = self.document.where((*names[receiver.name], "name")).removeprefix(f"{self.document.file}:")
                self._say((*path, "name"), f"a second receiver called {receiver.name!r} (the first: {first})")
            names.setdefault(receiver.name, path)
            found.append(receiver)
        if self.problems:
            raise ConfigurationError("\n".join(f"{p.place}: {p.message}" for p in self.problems), hint=HINT)
        return Receivers(tuple(found), source=self.document.file)

    def _say(self, path: PathTo, message: str) -> None:
        self.problems.append(_Problem(self.document.where(path), message))

    def _entries(self) -> tuple[list[Any], PathTo]:
        """The list of receivers: the document itself, or its only field `receivers`."""
        value = self.document.value
        at: PathTo = ()
        if isinstance(value, dict) and "receivers" in value:
            for other in (key for key in value if key != "receivers"):
                self._say((other,), f"unknown field {other!r}; the file has one field, `receivers`")
            value, at = value["receivers"], ("receivers",)
        if not isinstance(value, list) or not value:
            self._say(at, f"expected a list of receivers, found {spec.kind_of(value)}")
            return [], at
        return value, at

    def _receiver(self, entry: Any, path: PathTo) -> Receiver | None:
        if not isinstance(entry, dict):
            self._say(path, f"expected a receiver with `name` and `type`, found {spec.kind_of(entry)}")
            return None
        kind = entry.get("type")
        model = spec.BY_TYPE.get(kind) if isinstance(kind, str) else None
        if model is None:
            problem = f"found {kind!r}" if "type" in entry else "it is missing"
            self._say((*path, "type"), f"type: expected one of {', '.join(spec.BY_TYPE)}; {problem}")
            return None
        try:
            read = model.model_validate(entry)
        except ValidationError as error:
            for where, message in explain(error, model):
                self._say((*path, *where), message)
            return None
        return self._build(read, path)

    def _build(self, read: spec.AnySpec, path: PathTo) -> Receiver | None:
        before = len(self.problems)
        retry = RetryPolicy(**read.retry.model_dump())
        built: Receiver
        match read:
            case spec.TerminalSpec():
                built = TerminalReceiver(
                    name=read.name,
                    min_level=read.min_level,
                    timeout=read.timeout,
                    every_change=read.every_change,
                    retry=retry,
                )
            case spec.FileSpec():
                built = FileReceiver(
                    name=read.name,
                    min_level=read.min_level,
                    timeout=read.timeout,
                    every_change=read.every_change,
                    retry=retry,
                    path=self._beside(read.path),
                )
            case spec.SlackSpec():
                built = SlackReceiver(
                    name=read.name,
                    min_level=read.min_level,
                    timeout=read.timeout,
                    every_change=read.every_change,
                    retry=retry,
                    url=self._url(read, path),
                    allow_private=read.allow_private,
                )
            case spec.WebhookSpec():
                built = WebhookReceiver(
                    name=read.name,
                    min_level=read.min_level,
                    timeout=read.timeout,
                    every_change=read.every_change,
                    retry=retry,
                    url=self._url(read, path),
                    allow_private=read.allow_private,
                    secrets=self._keys(read, path),
                    headers=self._headers(read, path),
                )
        return built if len(self.problems) == before else None

    def _url(self, read: spec.HttpSpec, path: PathTo) -> SecretStr:
        url = self._one_of(read, "url", path)
        if url is not None and (problem := url_problem(url, allow_private=read.allow_private)):
            self._say((*path, self._named(read, "url")), problem)
        return SecretStr(url or "")

    def _keys(self, read: spec.WebhookSpec, path: PathTo) -> tuple[SecretStr, ...]:
        if read.secret_env is None and read.secret_file is None:
            return ()
        keys = (self._one_of(read, "secret", path) or "").split()
        for key in keys:
            if problem := secret_problem(key):
                self._say((*path, self._named(read, "secret")), problem)
        return tuple(SecretStr(key) for key in keys)

    def _headers(self, read: spec.WebhookSpec, path: PathTo) -> dict[str, SecretStr]:
        found: dict[str, SecretStr] = {}
        for name, given in read.headers.items():
            at = (*path, "headers", name)
            value = given.get_secret_value() if isinstance(given, SecretStr) else self._fetch(given.env, given.file, at)
            if problem := header_problem(name, value or ""):
                self._say(at, problem)
            elif value is not None:
                found[name] = SecretStr(value)
        return found

    def _named(self, read: spec.HttpSpec, field: str) -> str:
        """Which of `url`, `url_env`, `url_file` the receiver gave."""
        given = [name for name in (field, f"{field}_env", f"{field}_file") if getattr(read, name, None) is not None]
        return given[0] if given else field

    def _one_of(self, read: spec.HttpSpec, field: str, path: PathTo) -> str | None:
        ways = [name for name in (field, f"{field}_env", f"{field}_file") if name in type(read).model_fields]
        given = [name for name in ways if getattr(read, name) is not None]
        if len(given) != 1:
            found = f"found {' and '.join(given)}" if given else "found none"
            self._say((*path, given[-1]) if given else path, f"expected exactly one of {', '.join(ways)}; {found}")
            return None
        inline = getattr(read, field, None)
        if isinstance(inline, SecretStr):
            return inline.get_secret_value()
        return self._fetch(getattr(read, f"{field}_env"), getattr(read, f"{field}_file"), (*path, given[0]))

    def _fetch(self, variable: str | None, file: Path | None, at: PathTo) -> str | None:
        """A secret from the environment or from a file beside `receivers.yaml`."""
        if variable is not None:
            value = self.environment.get(variable, "").strip()
            if not value:
                self._say(at, f"the environment variable {variable} is not set")
            return value or None
        assert file is not None  # noqa: S101 - the specs require one of the two
        try:
            value = self._beside(file).read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "its name or its text is not usable"
            self._say(at, f"the file {file} cannot be read: {why}")
            return None
        if not value:
            self._say(at, f"the file {file} is empty")
        return value or None

    def _beside(self, path: Path) -> Path:
        """A relative path is meant from the folder of `receivers.yaml`."""
        try:
            return self.document.file.parent / path.expanduser()
        except RuntimeError:  # "~nobody-of-that-name/…"
            return self.document.file.parent / path
