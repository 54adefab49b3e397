"""What a model finds wrong in a YAML document, in words: line, column, what was found, what is allowed, near words."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from workers.yamlfile import Document, Location, Problem


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong at `location`. `found` is None where the value itself says it best."""

    location: Location
    found: str | None
    allowed: str
    at_key: bool = False

    def problem(self, document: Document) -> Problem:
        """With its place in `document`."""
        return document.problem(self.location, self.found, self.allowed, at_key=self.at_key)


def problem_of(document: Document, detail: ErrorDetails, keys: Callable[[Location], str]) -> Problem:
    """One of pydantic's errors. `keys` says what may stand where an unknown key stands."""
    location, kind = detail["loc"], detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "missing":
        return document.problem(location, "nothing", "it is required")
    if kind == "extra_forbidden":
        return document.problem(location, "an unknown key", keys(location), at_key=True)
    if kind == "literal_error":
        return document.problem(location, None, f"allowed: {context['expected'].replace(chr(39), '')}")
    if kind == "allowed":
        return document.problem(location, None, f"allowed: {context['allowed']}")
    return document.problem(location, None, f"allowed: {_ALLOWED.get(kind, detail['msg'])}".format(**context))


_ALLOWED = {
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "bool_parsing": "true or false",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "greater_than": "more than {gt}",
    "too_short": "at least {min_length}",
    "string_too_short": "at least {min_length} character",
    "string_too_long": "at most {max_length} characters",
    "timezone_aware": "a time with its zone, such as 2026-03-01T23:50Z",
    "datetime_from_date_parsing": "a time with its zone, such as 2026-03-01T23:50Z",
    "datetime_parsing": "a time with its zone, such as 2026-03-01T23:50Z",
}


def near(found: str, known: Sequence[str], what: str) -> str:
    """The known words most like `found`, else all of them."""
    like = difflib.get_close_matches(found, known, n=3, cutoff=0.6)
    if like:
        return f"one of the {what}; did you mean {' or '.join(like)}?"
    return f"one of the {what}: {', '.join(known)}"


class OneOrMore:
    """A list, or a single word in its place."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(
            lambda found: [found] if isinstance(found, str) else found, handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        listed = handler(schema)
        return {"anyOf": [listed["items"], listed]}
