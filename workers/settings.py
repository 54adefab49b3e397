"""All settings, one typed model: from the environment (`TOCSIN_…`), else defaults that work on one machine.

Addresses that are not set are taken from a running `tocsin up` on this machine (its run file), so that
`tocsin counts top` in a second terminal just works.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, RedisDsn, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from topics.names import TopicNames
from workers.addresses import PrivateHosts
from workers.errors import ConfigurationError

ENV_PREFIX = "TOCSIN_"
EXAMPLES_IN_CHECKOUT = Path(__file__).resolve().parent.parent / "deploy" / "examples"
EXAMPLES_IN_WHEEL = Path(__file__).resolve().parent / "examples"


def examples_dir() -> Path:
    """The folder of examples, in a checkout or as installed."""
    return EXAMPLES_IN_CHECKOUT if EXAMPLES_IN_CHECKOUT.is_dir() else EXAMPLES_IN_WHEEL


def state_dir() -> Path:
    """Where run files live: `$TOCSIN_STATE_DIR`, else `$XDG_STATE_HOME/tocsin`, else `~/.local/state/tocsin`."""
    if explicit := os.environ.get("TOCSIN_STATE_DIR"):
        return Path(explicit)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "tocsin"


class Settings(BaseSettings):
    """Every setting; the environment variable is the field's name in capitals after `TOCSIN_`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="ignore", frozen=True)

    namespace: str = Field(default="tocsin", description="prefix of topics, Redis keys and consumer groups")

    kafka_bootstrap_servers: str | None = Field(default=None, description="host:port, comma-separated")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: Path | None = None
    kafka_session_timeout: float = Field(default=30.0, ge=3, le=300, description="seconds until a silent worker is out")
    partitions: int = Field(default=4, ge=1, le=1024, description="of topics that Tocsin creates")
    replication_factor: int = Field(default=1, ge=1, le=9)

    redis_url: SecretStr | None = Field(default=None, description="redis://[:password@]host:port/db or rediss://")

    patterns: Path | None = Field(default=None, description="a YAML file or a folder of them; default: the examples")
    receivers: Path | None = Field(default=None, description="receivers.yaml; default: alerts go to the terminal")
    ontology: Path | None = Field(
        default=None, description="a YAML file that adds to the built-in event types, or a folder of them"
    )
    model: str = Field(default="en_core_web_sm", description="an installed spaCy pipeline, or a folder of one")

    read_seconds: float = Field(
        default=20.0,
        gt=0,
        description="CPU seconds of the rules for one article; then it is rejected. Its length bounds the rest",
    )
    batch_size: int = Field(default=64, ge=1, le=256, description="articles read at once")
    batch_within: float = Field(default=0.05, gt=0, le=10, description="seconds a batch waits to fill")

    retry_attempts: int = Field(default=6, ge=1, description="tries of a transient failure before a step ends itself")
    retry_max_wait: float = Field(default=10.0, gt=0, description="seconds; the longest pause between tries")
    watchdog_seconds: float = Field(default=120.0, gt=0, description="lag without progress for so long ends the step")
    drain_seconds: float = Field(default=20.0, gt=0, description="how long a shutdown may take")

    feeds: Path | None = Field(default=None, description="feeds.yaml; default: the one in the folder, if there is one")
    feeds_private_hosts: str = Field(
        default="", description="hosts and networks, comma-separated, that feeds may be at though they are not public"
    )
    feeds_contact: str | None = Field(
        default=None, description="an address, https or mailto, that publishers see in the user agent"
    )

    clock: Literal["wall", "archive"] = Field(
        default="wall", description="what an idle stream follows: the clock, or the archive's newest article"
    )
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "console", "json"] = "auto"
    ready_file: Path | None = Field(default=None, description="touched when a step takes work; for a supervisor")
    metrics_port: int | None = Field(default=None, ge=0, le=65535, description="serve Prometheus metrics and health")

    @field_validator("namespace")
    @classmethod
    def _namespace_is_usable(cls, namespace: str) -> str:
        return TopicNames(namespace).namespace

    @field_validator("feeds_private_hosts")
    @classmethod
    def _private_hosts_are_some(cls, words: str) -> str:
        PrivateHosts.parse(words)
        return words

    @field_validator("feeds_contact")
    @classmethod
    def _contact_can_be_sent(cls, contact: str | None) -> str | None:
        if contact is not None and (not contact.isascii() or not contact.isprintable() or set("()\\") & set(contact)):
            raise ValueError("expected one address such as https://desk.example/about or mailto:desk@example.org")
        return contact

    @field_validator("redis_url")
    @classmethod
    def _redis_url_is_one(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None:
            try:
                RedisDsn(url.get_secret_value())
            except ValidationError:
                # The value may hold a password, so the message does not repeat it.
                raise ValueError("expected redis://host:port/db or rediss://…") from None
        return url

    @property
    def topics(self) -> TopicNames:
        """Names of the topics of this namespace."""
        return TopicNames(self.namespace)

    @property
    def private_hosts(self) -> PrivateHosts:
        """Where feeds may be though it is not public."""
        return PrivateHosts.parse(self.feeds_private_hosts)

    @property
    def patterns_path(self) -> Path:
        """The patterns in force: the setting, else the examples."""
        return self.patterns or examples_dir() / "patterns"

    def require_kafka(self) -> str:
        """The bootstrap servers; ConfigurationError if none is known."""
        if self.kafka_bootstrap_servers is None:
            raise ConfigurationError(
                "No Kafka is configured and no `tocsin up` is running on this machine.",
                hint="Set TOCSIN_KAFKA_BOOTSTRAP_SERVERS=host:port, or run `tocsin up` in another terminal.",
            )
        return self.kafka_bootstrap_servers

    def require_redis(self) -> str:
        """The Redis URL, password and all; ConfigurationError if none is known."""
        if self.redis_url is None:
            raise ConfigurationError(
                "No Redis is configured and no `tocsin up` is running on this machine.",
                hint="Set TOCSIN_REDIS_URL=redis://host:port/0, or run `tocsin up` in another terminal.",
            )
        return self.redis_url.get_secret_value()

    def with_changes(self, **changes: Any) -> Self:
        """A validated copy."""
        return type(self).model_validate({**self.model_dump(), **changes})

    def environment(self) -> dict[str, str]:
        """These settings as environment variables, for a child process. Holds secrets: never log it."""
        found: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if value is None:
                continue
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            found[ENV_PREFIX + name.upper()] = str(value)
        return found


def read_run_file() -> Mapping[str, str]:
    """Addresses of a `tocsin up` that is running here: settings names to values; empty if none runs."""
    path = state_dir() / "up.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        os.kill(int(found["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {k: str(v) for k, v in found.get("settings", {}).items()}


def load_settings(*, discover: bool = True, **overrides: Any) -> Settings:
    """Settings from the environment; `overrides` win. Raises ConfigurationError.

    With `discover`, and if the environment names no server, those of a `tocsin up` that runs here are used.
    """
    chosen = {k: v for k, v in overrides.items() if v is not None}
    try:
        settings = Settings(**chosen)
        if discover and settings.kafka_bootstrap_servers is None and settings.redis_url is None:
            running = {k: v for k, v in read_run_file().items() if k in Settings.model_fields and k not in chosen}
            if running:
                settings = settings.with_changes(**running)
    except ValidationError as error:
        raise ConfigurationError(_explain(error), hint="See `tocsin --help` for all settings.") from None
    return settings


def _explain(error: ValidationError) -> str:
    lines = []
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        name = ENV_PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else "settings"
        lines.append(f"{name}: {problem['msg'].removeprefix('Value error, ')}")
    return "\n".join(lines)
