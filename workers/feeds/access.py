"""What is sent to a publisher for a subscription: its address and headers, with secrets from where they are kept.

Nothing here is ever logged: messages name the variable or the file, not what it holds.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from workers.feeds.fetch import origin
from workers.feeds.sharding import host_of
from workers.feeds.subscriptions import Subscription

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class NoAccess(Exception):
    """A secret that a subscription names is not there. The message names it, for people."""


@dataclass(frozen=True, slots=True)
class Access:
    """Where to ask, with which headers and as whom (None: as Tocsin). `private` says that secrets may be among them.

    `in_url` are the values of the variables that the subscription's address names.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, default_factory=dict)
    user_agent: str | None = None
    private: bool = False
    secrets: tuple[str, ...] = field(repr=False, default=())
    in_url: Mapping[str, str] = field(repr=False, default_factory=dict)

    def scrubbed(self, text: str) -> str:
        """`text` without the secrets, should a message hold one."""
        for secret in self.secrets:
            text = text.replace(secret, "…")
        return text

    def masked(self, url: str) -> str:
        """`url` with `${NAME}` where a secret of the feed's address stands, which links inherit or repeat."""
        for name, secret in sorted(self.in_url.items(), key=lambda item: -len(item[1])):
            written = "|".join(re.escape(form) for form in (secret, quote(secret, safe="")))
            url = re.sub(f"(?<![A-Za-z0-9])(?:{written})(?![A-Za-z0-9])", f"${{{name}}}", url)
        return url

    def unmasked(self, url: str) -> str:
        """What is asked for a masked `url`: the secrets are put in again only for the feed's own origin."""
        whole = _VARIABLE.sub(lambda named: self.in_url.get(named[1], named[0]), url)
        return whole if origin(whole) == origin(self.url) else url

    @property
    def host(self) -> str:
        """The host that is asked."""
        return host_of(self.url)


def access_to(feed: Subscription, environment: Mapping[str, str], folder: Path) -> Access:
    """The access to `feed`; a relative `password_file` lies in `folder`. Raises NoAccess."""
    url = _filled(feed.url, environment)
    headers = {name: _filled(value, environment) for name, value in feed.headers.items()}
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            raise NoAccess(f"the header {name} holds what cannot be sent: printable ASCII only")
    if feed.username is not None:
        login = f"{_filled(feed.username, environment)}:{_secret(feed, environment, folder)}"
        headers["Authorization"] = "Basic " + base64.b64encode(login.encode("utf-8")).decode("ascii")
    written = " ".join((feed.url, feed.username or "", *feed.headers.values()))
    secrets = tuple(environment[name].strip() for name in _VARIABLE.findall(written))
    in_url = {name: environment[name].strip() for name in _VARIABLE.findall(feed.url)}
    return Access(url, headers, feed.user_agent, bool(headers) or url != feed.url, secrets, in_url)


def _filled(text: str, environment: Mapping[str, str]) -> str:
    def value(named: re.Match[str]) -> str:
        found = environment.get(named[1], "").strip()
        if not found:
            raise NoAccess(f"the environment variable {named[1]} is not set")
        return found

    return _VARIABLE.sub(value, text)


def _secret(feed: Subscription, environment: Mapping[str, str], folder: Path) -> str:
    if feed.password is not None:
        return _filled(feed.password, environment)
    file = folder / (feed.password_file or "")
    try:
        found = file.read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "its text is not usable"
        raise NoAccess(f"the file {feed.password_file} cannot be read: {why}") from None
    if not found:
        raise NoAccess(f"the file {feed.password_file} is empty")
    return found
