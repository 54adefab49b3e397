"""Remembers each feed's validators between polls: in Redis if one is configured, else in a small file.

They only save traffic: losing them costs one full fetch, whose articles have the ids that they had before.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from redis.exceptions import RedisError

from topics.base import digest
from workers.errors import ConfigurationError, Unreachable
from workers.feeds.fetch import Validators
from workers.redis_client import Redis, address
from workers.settings import Settings

KEEP = timedelta(days=30)
"""A feed that was not polled for so long is forgotten."""


class ValidatorStore(Protocol):
    """Where validators lie."""

    async def load(self, url: str) -> Validators:
        """Those of the feed; empty ones if it is not known."""

    async def save(self, found: Mapping[str, Validators], now: datetime) -> None:
        """Remember these, by address of the feed."""


class RedisValidators:
    """One key a feed, which expires by itself."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    async def load(self, url: str) -> Validators:
        """See ValidatorStore. Raises Unreachable."""
        with self._reachable():
            stored = await self._client.get(self._key(url))
        return _from_json(None if stored is None else str(stored))

    async def save(self, found: Mapping[str, Validators], now: datetime) -> None:
        """See ValidatorStore. Raises Unreachable."""
        with self._reachable():
            for url, validators in found.items():
                await self._client.set(self._key(url), _to_json(validators), ex=KEEP)

    def _key(self, url: str) -> str:
        # The address may hold a password; its hash does not.
        return f"{self._settings.namespace}:feeds:validators:{digest('feed', url)}"

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except (RedisError, OSError) as error:
            raise Unreachable(
                f"Redis at {address(self._settings)} does not answer: {error}",
                hint="It keeps what is known of each feed. Start it, or unset TOCSIN_REDIS_URL to use a file.",
            ) from error


class FileValidators:
    """A JSON file, replaced as a whole, so that a crash leaves the old one or the new one."""

    def __init__(self, path: Path, scope: str) -> None:
        """`scope` keeps apart what was brought to different places, such as two Kafka clusters."""
        self._path = path
        self._scope = scope

    async def load(self, url: str) -> Validators:
        """See ValidatorStore. A file that cannot be read counts as empty."""
        return _from_json(json.dumps(self._read().get(digest(self._scope, url))))

    async def save(self, found: Mapping[str, Validators], now: datetime) -> None:
        """See ValidatorStore. Raises ConfigurationError if the folder cannot be written."""
        try:
            with self._locked():
                kept = {key: entry for key, entry in self._read().items() if not _expired(entry, now)}
                for url, validators in found.items():
                    kept[digest(self._scope, url)] = {**json.loads(_to_json(validators)), "at": now.isoformat()}
                self._replace(json.dumps(kept, indent=1))
        except OSError as error:
            raise ConfigurationError(
                f"{self._path}: cannot be written: {error.strerror}",
                hint="Set TOCSIN_STATE_DIR to a folder that can be written, or TOCSIN_REDIS_URL.",
            ) from error

    def _read(self) -> dict[str, object]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _replace(self, content: str) -> None:
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=self._path.name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(content)
        Path(name).replace(self._path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _to_json(validators: Validators) -> str:
    return json.dumps({"etag": validators.etag, "last_modified": validators.last_modified})


def _from_json(stored: str | None) -> Validators:
    try:
        found = json.loads(stored or "null")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return Validators()
    etag, modified = found.get("etag"), found.get("last_modified")
    return Validators(etag if isinstance(etag, str) else None, modified if isinstance(modified, str) else None)


def _expired(entry: object, now: datetime) -> bool:
    try:
        return not isinstance(entry, dict) or now - datetime.fromisoformat(entry["at"]) > KEEP
    except (KeyError, TypeError, ValueError):
        return True
