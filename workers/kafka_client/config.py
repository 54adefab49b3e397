"""Librdkafka's configuration from the settings, its own log lines, and its errors in words."""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from confluent_kafka import KafkaError, KafkaException

from workers.errors import ConfigurationError, Unreachable
from workers.settings import Settings

_DEFAULT_PORT = 9092
_SERVER = re.compile(r"^(\[[0-9a-fA-F:.]+\]|[^\s:/@\[\]]+)(?::(\d{1,5}))?$")


class _Repeats(logging.Filter):
    """Lets one librdkafka line through per half minute; a broker that is down repeats itself many times a second."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        line = re.sub(r"\(after .*|\d+", "", record.getMessage())
        now = time.monotonic()
        if now - self._said.get(line, -60.0) < 30.0:
            return False
        self._said = {said: at for said, at in self._said.items() if now - at < 30.0} | {line: now}
        return True


_librdkafka_log = logging.getLogger("librdkafka")
_librdkafka_log.addFilter(_Repeats())


class Trouble:
    """Keeps the last thing a client complained of, because its exceptions say only "Broker transport failure"."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.refused = False

    def __call__(self, error: KafkaError) -> None:
        """Librdkafka's `error_cb`."""
        if error.code() == KafkaError._ALL_BROKERS_DOWN:
            return
        self.reason = re.sub(r"^(?:\w+://)?\S+/(?:bootstrap|\d+): |\s*\(after .*$", "", error.str())
        self.refused = error.code() in (KafkaError._AUTHENTICATION, KafkaError.SASL_AUTHENTICATION_FAILED)


def client_config(settings: Settings, name: str, trouble: Trouble) -> dict[str, Any]:
    """Librdkafka's configuration from the settings. Holds the password: never log it. Raises ConfigurationError."""
    config: dict[str, Any] = {
        "bootstrap.servers": _servers(settings.require_kafka()),
        "client.id": f"tocsin-{name}",
        "security.protocol": settings.kafka_security_protocol,
        "reconnect.backoff.max.ms": 2000,
        "broker.address.ttl": 5000,  # a broker that moved is found again
        "logger": _librdkafka_log,
        "error_cb": trouble,
    }
    if settings.kafka_ca_file is not None:
        config["ssl.ca.location"] = str(settings.kafka_ca_file)
    if settings.kafka_security_protocol.startswith("SASL"):
        config |= _sasl(settings)
    elif settings.kafka_username or settings.kafka_password:
        raise ConfigurationError(
            f"A Kafka user is set, but TOCSIN_KAFKA_SECURITY_PROTOCOL is {settings.kafka_security_protocol}, "
            "which logs nobody in.",
            hint="Set it to SASL_SSL (or SASL_PLAINTEXT on a network you trust).",
        )
    return config


def no_answer(settings: Settings, trouble: Trouble, otherwise: str) -> Unreachable:
    if trouble.refused:
        return Unreachable(
            scrubbed(f"Kafka at {settings.kafka_bootstrap_servers} refuses the login: {trouble.reason}", settings),
            hint="Check TOCSIN_KAFKA_USERNAME, TOCSIN_KAFKA_PASSWORD and TOCSIN_KAFKA_SASL_MECHANISM.",
        )
    return Unreachable(
        scrubbed(
            f"Kafka at {settings.kafka_bootstrap_servers} does not answer: {trouble.reason or otherwise}", settings
        ),
        hint="Is it running? TOCSIN_KAFKA_BOOTSTRAP_SERVERS names it, TOCSIN_KAFKA_SECURITY_PROTOCOL "
        f"(now {settings.kafka_security_protocol}) must be what it speaks.",
    )


def misconfigured(exception: KafkaException, settings: Settings) -> ConfigurationError:
    return ConfigurationError(
        scrubbed(f"The Kafka client cannot be set up: {exception.args[0].str()}", settings),
        hint="Check the TOCSIN_KAFKA_… settings.",
    )


def scrubbed(text: str, settings: Settings) -> str:
    """`text` without the password, should a library have put it there."""
    password = settings.kafka_password.get_secret_value() if settings.kafka_password else ""
    return text.replace(password, "[redacted]") if password else text


def _servers(bootstrap: str) -> str:
    servers = [server.strip() for server in bootstrap.split(",") if server.strip()]
    for server in servers:
        match = _SERVER.fullmatch(server)
        if match is None or not 1 <= int(match.group(2) or _DEFAULT_PORT) <= 65535:
            # A URL may hold a password: show no more than what follows it.
            raise ConfigurationError(
                f"TOCSIN_KAFKA_BOOTSTRAP_SERVERS: {server.rpartition('@')[2]!r} is no address of a broker.",
                hint="Give host:port, several separated by commas, without a scheme: kafka-1:9092,kafka-2:9092",
            )
    if not servers:
        raise ConfigurationError("TOCSIN_KAFKA_BOOTSTRAP_SERVERS names no broker.", hint="Give host:port.")
    return ",".join(servers)


def _sasl(settings: Settings) -> dict[str, str]:
    if settings.kafka_sasl_mechanism is None or not settings.kafka_username or settings.kafka_password is None:
        raise ConfigurationError(
            f"TOCSIN_KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol} needs a mechanism, a user and a "
            "password.",
            hint="Set TOCSIN_KAFKA_SASL_MECHANISM, TOCSIN_KAFKA_USERNAME and TOCSIN_KAFKA_PASSWORD.",
        )
    return {
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.username": settings.kafka_username,
        "sasl.password": settings.kafka_password.get_secret_value(),
    }
