"""From the checked options of one receiver to the receiver: secrets fetched, files read, and what depends on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from workers.notify import config_spec as spec
from workers.notify.addresses import literal_refusal
from workers.notify.config_problems import (
    apprise_problem,
    header_problem,
    secret_problem,
    template_problem,
    tls_problem,
    url_problem,
)
from workers.notify.targets import (
    AppriseReceiver,
    EmailReceiver,
    FileReceiver,
    Grouping,
    Receiver,
    RetryPolicy,
    SlackReceiver,
    StdoutReceiver,
    TerminalReceiver,
    Tls,
    WebhookReceiver,
)
from workers.yamlfile import Location as PathTo

SLACK_API = "https://slack.com/api/"
_JSON = "application/json"
GROUP_WAIT = 30.0
"""Seconds, as in Alertmanager."""

_PORTS = {"starttls": 587, "tls": 465, "none": 25}
_AS_WRITTEN = ("name", "min_level", "tags", "patterns", "timeout", "every_change")


@dataclass
class Desk:
    """Where one receiver is put together. `problems` collects what is wrong and where, in the receiver's own paths."""

    read: Any
    folder: Path
    environment: Mapping[str, str]
    problems: list[tuple[PathTo, str]] = field(default_factory=list)

    def say(self, at: str | PathTo, message: str) -> None:
        """`message` is wrong at `at`."""
        self.problems.append(((at,) if isinstance(at, str) else at, message))

    def beside(self, path: Path) -> Path:
        """A relative path is meant from the folder of `receivers.yaml`."""
        try:
            return self.folder / path.expanduser()
        except RuntimeError:  # "~nobody-of-that-name/…"
            return self.folder / path

    def given(self, name: str) -> list[str]:
        """Which of `name`, `name_env`, `name_file` the receiver has."""
        ways = (name, f"{name}_env", f"{name}_file")
        return [way for way in ways if getattr(self.read, way, None) is not None]

    def at(self, name: str) -> str:
        """Where the value of `name` stands."""
        return next(iter(self.given(name)), name)

    def secret(self, name: str) -> str | None:
        """The value of `name`, from wherever exactly one of the ways says."""
        given = self.given(name)
        if len(given) != 1:
            ways = [way for way in (name, f"{name}_env", f"{name}_file") if way in type(self.read).model_fields]
            found = f"found {' and '.join(given)}" if given else "found none"
            self.say(given[-1] if given else (), f"expected exactly one of {', '.join(ways)}; {found}")
            return None
        inline = getattr(self.read, name, None)
        if isinstance(inline, SecretStr):
            return inline.get_secret_value()
        return self.fetch(getattr(self.read, f"{name}_env"), getattr(self.read, f"{name}_file"), given[0])

    def optional(self, name: str) -> SecretStr | None:
        """As `secret`, but it may be missing."""
        found = self.secret(name) if self.given(name) else None
        return SecretStr(found) if found else None

    def fetch(self, variable: str | None, file: Path | None, at: str | PathTo) -> str | None:
        """A value from the environment or from a file beside `receivers.yaml`."""
        if variable is not None:
            value = self.environment.get(variable, "").strip()
            if not value:
                self.say(at, f"the environment variable {variable} is not set")
            return value or None
        return self.text(file or Path(), at)

    def text(self, file: Path, at: str | PathTo) -> str | None:
        """What a file beside `receivers.yaml` holds."""
        try:
            value = self.beside(file).read_text("utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "its name or its text is not usable"
            self.say(at, f"the file {file} cannot be read: {why}")
            return None
        if not value:
            self.say(at, f"the file {file} is empty")
        return value or None


def build(desk: Desk) -> Receiver | None:
    """The receiver; None if there are problems."""
    read = desk.read
    make, makers = _TABLE[type(read)]
    values: dict[str, Any] = {name: getattr(read, name) for name in _AS_WRITTEN}
    values["retry"] = RetryPolicy(**read.retry.model_dump())
    values["grouping"] = _grouping(read)
    if read.rate_limit is not None:
        values["interval"] = read.rate_limit
    for name, maker in makers.items():
        values[name] = maker(desk)
    return None if desk.problems else make(**values)


def _grouping(read: Any) -> Grouping:
    """An app in Slack changes its message in place, which pages nobody: it is told of updates unless it says no."""
    is_app = isinstance(read, spec.SlackSpec) and (read.token_env is not None or read.token_file is not None)
    alone = read.group_by is None
    return Grouping(
        by=read.group_by,
        wait=0.0 if alone else GROUP_WAIT if read.group_wait is None else read.group_wait,
        interval=read.group_interval,
        repeat=read.repeat_interval,
        urgent_from=read.urgent_from,
        updates=(is_app and alone) if read.updates is None else read.updates,
        closings=getattr(read, "show_closed", False),
    )


Maker = Callable[[Desk], Any]


def _as_written(name: str) -> Maker:
    return lambda desk: getattr(desk.read, name)


def _url(desk: Desk) -> SecretStr:
    url = desk.secret("url")
    if url is not None and (problem := url_problem(url, allow_private=desk.read.allow_private)):
        desk.say(desk.at("url"), problem)
    return SecretStr(url or "")


def _slack_url(desk: Desk) -> SecretStr:
    """With a token it is Slack's interface that is asked."""
    read = desk.read
    if not desk.given("token"):
        for name in ("channel", "api_url"):
            if getattr(read, name) is not None:
                desk.say(name, f"{name} goes with token_env or token_file")
        return _url(desk)
    if read.channel is None:
        desk.say((), "an app's token needs `channel`: where its messages go")
    if desk.given("url"):
        desk.say(desk.at("url"), "expected a token or a url, found both")
    url = read.api_url or SLACK_API
    if problem := url_problem(url, allow_private=read.allow_private):
        desk.say("api_url", problem)
    return SecretStr(url)


def _password(desk: Desk) -> SecretStr | None:
    password = desk.optional("password")
    if bool(desk.given("password")) != (desk.read.username is not None):
        desk.say((), "username and a password (password_env or password_file) go together")
    if desk.given("password") and desk.read.security == "none":
        desk.say("security", "a password would travel readable; expected starttls or tls")
    return password


def _host(desk: Desk) -> str:
    host: str = desk.read.host
    if not desk.read.allow_private and (problem := literal_refusal(host)):
        desk.say("host", problem)
    return host


def _urls(desk: Desk) -> tuple[SecretStr, ...]:
    urls = (desk.secret("urls") or "").split()
    if urls and (problem := apprise_problem(urls)):
        desk.say(desk.at("urls"), problem)
    return tuple(SecretStr(url) for url in urls)


def _tls(desk: Desk) -> Tls:
    files = {name: getattr(desk.read.tls, f"{name}_file") for name in ("ca", "cert", "key")}
    tls = Tls(**{name: desk.beside(file) for name, file in files.items() if file is not None})
    if problem := tls_problem(tls):
        desk.say("tls", problem)
    return tls


def _template(desk: Desk) -> str | None:
    read = desk.read
    text: str | None = read.template
    if read.template_file is not None:
        text = desk.text(read.template_file, "template_file")
    if text is not None and (problem := template_problem(text, read.content_type or _JSON)):
        desk.say(desk.at("template"), problem)
    return text


def _keys(desk: Desk) -> tuple[SecretStr, ...]:
    keys = (desk.secret("secret") or "").split() if desk.given("secret") else []
    for key in keys:
        if problem := secret_problem(key):
            desk.say(desk.at("secret"), problem)
    return tuple(SecretStr(key) for key in keys)


def _headers(desk: Desk) -> dict[str, SecretStr]:
    found: dict[str, SecretStr] = {}
    for name, given in desk.read.headers.items():
        at = ("headers", name)
        value = given.get_secret_value() if isinstance(given, SecretStr) else desk.fetch(given.env, given.file, at)
        if problem := header_problem(name, value or ""):
            desk.say(at, problem)
        elif value is not None:
            found[name] = SecretStr(value)
    return found


_TABLE: Mapping[type[spec.ReceiverSpec], tuple[Callable[..., Receiver], Mapping[str, Maker]]] = {
    spec.TerminalSpec: (TerminalReceiver, {}),
    spec.StdoutSpec: (StdoutReceiver, {}),
    spec.FileSpec: (FileReceiver, {"path": lambda desk: desk.beside(desk.read.path)}),
    spec.WebhookSpec: (
        WebhookReceiver,
        {
            "url": _url,
            "allow_private": _as_written("allow_private"),
            "tls": _tls,
            "secrets": _keys,
            "headers": _headers,
            "cloudevents": _as_written("cloudevents"),
            "template": _template,
            "content_type": lambda desk: desk.read.content_type or _JSON,
        },
    ),
    spec.SlackSpec: (
        SlackReceiver,
        {
            "url": _slack_url,
            "allow_private": _as_written("allow_private"),
            "tls": _tls,
            "token": lambda desk: desk.optional("token"),
            "channel": lambda desk: desk.read.channel or "",
        },
    ),
    spec.EmailSpec: (
        EmailReceiver,
        {
            "host": _host,
            "port": lambda desk: desk.read.port or _PORTS[desk.read.security],
            "security": _as_written("security"),
            "username": _as_written("username"),
            "password": _password,
            "sender": _as_written("sender"),
            "to": _as_written("to"),
            "allow_private": _as_written("allow_private"),
            "tls": _tls,
        },
    ),
    spec.AppriseSpec: (AppriseReceiver, {"urls": _urls}),
}
"""How each type comes about: its class, and the fields of its own."""
