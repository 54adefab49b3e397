"""`receivers.yaml`: read, checked with file, line and column, and its secrets fetched. No secret is ever repeated."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from workers.errors import ConfigurationError, InputError
from workers.notify import config_spec as spec
from workers.notify.config_build import Desk, build
from workers.notify.config_problems import explain
from workers.notify.inhibition import InhibitRule
from workers.notify.routing import Receivers
from workers.notify.targets import Receiver
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
        rules = self._inhibit_rules()
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
        return Receivers(tuple(found), source=self.document.file, inhibit_rules=rules)

    def _say(self, path: PathTo, message: str) -> None:
        self.problems.append(_Problem(self.document.where(path), message))

    def _entries(self) -> tuple[list[Any], PathTo]:
        """The list of receivers: the document itself, or its field `receivers`."""
        value = self.document.value
        at: PathTo = ()
        if isinstance(value, dict) and "receivers" in value:
            for other in (key for key in value if key not in ("receivers", "inhibit_rules")):
                self._say((other,), f"unknown field {other!r}; the file has the fields `receivers` and `inhibit_rules`")
            value, at = value["receivers"], ("receivers",)
        if not isinstance(value, list) or not value:
            self._say(at, f"expected a list of receivers, found {spec.kind_of(value)}")
            return [], at
        return value, at

    def _inhibit_rules(self) -> tuple[InhibitRule, ...]:
        value = self.document.value
        given = value.get("inhibit_rules") if isinstance(value, dict) else None
        if given is None:
            return ()
        if not isinstance(given, list):
            self._say(("inhibit_rules",), f"expected a list of rules, found {spec.kind_of(given)}")
            return ()
        found = []
        for index, entry in enumerate(given):
            try:
                rule = spec.InhibitSpec.model_validate(entry)
            except ValidationError as error:
                for where, message in explain(error, spec.InhibitSpec):
                    self._say(("inhibit_rules", index, *where), message)
            else:
                found.append(InhibitRule(rule.source_matchers, rule.target_matchers, rule.equal))
        return tuple(found)

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
        desk = Desk(read, self.document.file.parent, self.environment)
        receiver = build(desk)
        for where, message in desk.problems:
            self._say((*path, *where), message)
        return receiver
