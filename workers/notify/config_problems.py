"""What is wrong with a receiver, in words: never with a value that may be secret."""

from __future__ import annotations

import difflib
import importlib.util
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from jinja2 import TemplateError
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from workers.notify.addresses import literal_refusal
from workers.notify.receivers import template
from workers.notify.sample import sample_alert
from workers.notify.targets import Tls
from workers.notify.transport import tls_context
from workers.yamlfile import Location as PathTo

_SHOWN = {
    "name",
    "type",
    "min_level",
    "timeout",
    "first",
    "longest",
    "give_up_after",
    "attempts",
    "allow_private",
    "every_change",
    "rate_limit",
    "circuit_after",
    "cloudevents",
    "content_type",
    "security",
    "host",
    "port",
    "channel",
}
"""Only these values are repeated in a message."""

_INLINE_SECRETS = {"secret", "token", "password", "signing_secret", "key"}
_TOKEN = re.compile(r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
_OURS = {"content-type", "content-length", "host", "user-agent", "transfer-encoding", "connection"}
_SIGNING_BYTES = range(24, 65)
"""Standard Webhooks: a symmetric secret has between 24 and 64 bytes."""


def explain(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[PathTo, str]]:
    """For every problem pydantic found: where, and the message."""
    for problem in error.errors(include_url=False):
        path = problem["loc"]
        if path[:1] == ("headers",):  # pydantic puts the kind of header after its name
            path = path[:2] + path[3:]
        yield path, _sentence(problem, path, model)


def _sentence(problem: ErrorDetails, path: PathTo, model: type[BaseModel]) -> str:
    field = ".".join(str(step) for step in path)
    last = str(path[-1]) if path else ""
    if problem["type"] == "missing":
        return f"{field} is missing"
    if problem["type"] == "extra_forbidden":
        return _unknown_field(field, last, path, model)
    message = problem["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    found = f"; found {_short(problem['input'])}" if last in _SHOWN else ""
    message = message.replace("a valid tuple", "a list")
    return f"{field}: {message}{found}" if field else message


def _unknown_field(field: str, last: str, path: PathTo, model: type[BaseModel]) -> str:
    if last.lower() in _INLINE_SECRETS and len(path) == 1:
        return f"{field}: secrets do not stand in this file; name where they are with secret_env or secret_file"
    allowed = _fields_at(model, path[:-1])
    near = difflib.get_close_matches(last, allowed, n=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    return f"unknown field {field!r}{meant}; allowed: {', '.join(allowed)}"


def _fields_at(model: type[BaseModel], path: PathTo) -> list[str]:
    for step in path:
        inner: Any = (
            model.model_fields[step].annotation if isinstance(step, str) and step in model.model_fields else None
        )
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return ["env", "file"]
        model = inner
    return list(model.model_fields)


def _short(found: object) -> str:
    text = repr(found)
    return text if len(text) <= 60 else f"{text[:57]}…"


def url_problem(url: str, *, allow_private: bool) -> str | None:
    """Why `url` cannot be a receiver's address; None if it can. The message holds no more than the host."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "not a URL: its host or port cannot be read"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "expected http://host/… or https://host/…"
    if port == 0 or any(c.isspace() or not c.isprintable() for c in url):
        return "not a URL: it holds spaces, line ends or port 0"
    if not allow_private and (refusal := literal_refusal(parts.hostname)):
        return refusal
    return None


def secret_problem(secret: str) -> str | None:
    """Why `secret` cannot sign by Standard Webhooks; None if it can."""
    try:
        Webhook(secret)
    except (ValueError, EmptyWebhookSecretError):
        return "expected a signing secret in base64, with or without whsec_ before it"
    size = len(Webhook(secret)._whsecret)  # the library tells the size in no other way
    if size not in _SIGNING_BYTES:
        return f"the signing secret has {size} bytes; Standard Webhooks asks for 24 to 64"
    return None


def header_problem(name: str, value: str) -> str | None:
    """Why a header cannot be sent; None if it can."""
    if not _TOKEN.fullmatch(name):
        return "headers: expected a header name of letters, digits and '-'"
    if name.lower() in _OURS or name.lower().startswith(("webhook-", "ce-")):
        return f"headers: {name} is set by Tocsin itself"
    if any(ord(c) < 32 or ord(c) == 127 for c in value) or not value.isascii():
        return f"headers: the value of {name} may hold printable ASCII only"
    return None


def tls_problem(tls: Tls) -> str | None:
    """Why the files cannot be used for TLS; None if they can."""
    try:
        tls_context(tls)
    except FileNotFoundError:
        missing = next((f for f in (tls.ca, tls.cert, tls.key) if f is not None and not f.exists()), "one of them")
        return f"the file {missing} is not there"
    except (OSError, ValueError) as error:  # SSLError is an OSError
        return f"the certificate files cannot be used: {getattr(error, 'reason', None) or error}"
    return None


def template_problem(text: str, content_type: str) -> str | None:
    """Why `text` cannot make the body of a webhook; None if it can. It is tried on an invented alert."""
    try:
        body = template.render(text, sample_alert(datetime(2026, 3, 1, tzinfo=UTC)), message_id="sample")
    except TemplateError as error:
        line = getattr(error, "lineno", None)
        return f"the template cannot be used{f' (its line {line})' if line else ''}: {error.message}"
    except Exception as error:  # noqa: BLE001 - a template may divide by zero, or anything
        return f"the template fails on a sample alert: {type(error).__name__}: {error}"
    if content_type.partition(";")[0].strip().endswith("json"):
        try:
            json.loads(body)
        except ValueError as error:
            return f"the template does not make JSON of a sample alert: {error}; `| tojson` writes a value as JSON"
    return None


def apprise_problem(urls: list[str]) -> str | None:
    """Why Apprise cannot use `urls`; None if it can. The message holds none of them."""
    if importlib.util.find_spec("apprise") is None:
        return "the package apprise is not installed: install tocsin[apprise]"
    from workers.notify.receivers.apprise import understood  # noqa: PLC0415 - only where the extra is installed

    for place, url in enumerate(urls, 1):
        if not understood(url):
            return f"Apprise does not understand address {place} of {len(urls)}"
    return None
