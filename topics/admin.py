"""Creates, verifies and deletes the topics of a namespace. What each topic needs stands here, once.

Knows Kafka's admin protocol only; settings, passwords and what to tell a user belong to `workers.kafka_client`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it re-exports these without saying so
    AdminClient,
    ConfigResource,
    NewTopic,
    ResourceType,
    TopicMetadata,
)

from topics.names import FLOW, TopicKind, TopicNames

_log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0
_MIB = 1024 * 1024
_DAY_MS = 24 * 3600 * 1000

RETENTION_DAYS: Mapping[TopicKind, int] = {
    "articles": 14,  # long enough to mend a worker and read again
    "annotations": 30,  # a lost Redis rebuilds itself from here: longest window (7 days) + 7 days of lateness, doubled
    "alerts": 365,
    "deliveries": 90,
    "rejects": 30,
    "silences": 400,  # longer than any silence may be, so that none is forgotten while it holds
}

MAX_MESSAGE_BYTES: Mapping[TopicKind, int] = {
    # Foreign programs write articles too: one that is too large must arrive, to be rejected with a reason, instead of
    # wedging their producer.
    "articles": 4 * _MIB,
    "annotations": 2 * _MIB,
    "alerts": 2 * _MIB,
    "deliveries": 2 * _MIB,
    "silences": 2 * _MIB,
    "rejects": 8 * _MIB,  # base64 of a refused article, four thirds of its size
}

CLEANUP: Mapping[TopicKind, str] = {
    "silences": "compact,delete",  # the last word on each silence is kept, and ends by its age
}
"""Kafka's `cleanup.policy` where it is not `delete`."""


class AdminError(RuntimeError):
    """Kafka refused an admin request. `code` is librdkafka's name of the error, the message is for people."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """What a topic of ours needs. `config` holds Kafka's own topic settings."""

    kind: TopicKind
    name: str
    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """A topic is not as its spec says. `found` is None if the topic, or the setting, is missing."""

    topic: str
    field: str
    found: str | None
    expected: str

    def __str__(self) -> str:
        if self.field == "topic":
            return f"{self.topic}: missing"
        return f"{self.topic}: {self.field} is {self.found or 'not set'}, expected {self.expected}"


def specs(names: TopicNames, partitions: int, replication: int) -> tuple[TopicSpec, ...]:
    """The specs of all topics under `names`, upstream first."""
    return tuple(
        TopicSpec(
            kind=kind,
            name=names.of(kind),
            partitions=partitions,
            replication=replication,
            config={
                "cleanup.policy": CLEANUP.get(kind, "delete"),
                "retention.ms": str(RETENTION_DAYS[kind] * _DAY_MS),
                "max.message.bytes": str(MAX_MESSAGE_BYTES[kind]),
                # acks=all promises little if one replica may be all of them.
                **({"min.insync.replicas": "2"} if replication >= 3 else {}),
            },
        )
        for kind in FLOW
    )


def create(client: AdminClient, wanted: Sequence[TopicSpec]) -> list[str]:
    """Create the topics that are missing and wait until each has a leader; the names of those created.

    A topic that exists is left as it is: `check` tells what differs. Raises AdminError.
    """
    futures = client.create_topics(
        [
            NewTopic(s.name, num_partitions=s.partitions, replication_factor=s.replication, config=dict(s.config))
            for s in wanted
        ],
        operation_timeout=TIMEOUT_SECONDS,
        request_timeout=TIMEOUT_SECONDS,
    )
    created = []
    for name, future in futures.items():
        error = _outcome(future)
        if error is None:
            created.append(name)
        elif error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
            raise AdminError(error.name(), f"topic {name} cannot be created: {error.str()}")
    _wait_for_leaders(client, [spec.name for spec in wanted])
    return created


def check(client: AdminClient, wanted: Sequence[TopicSpec]) -> list[Difference]:
    """How the topics differ from their specs; empty if they do not. More partitions than asked for are no difference.

    A broker that cannot describe its settings (an embedded one) is asked for no more than it can answer.
    Raises AdminError.
    """
    known = topics_of(client)
    configs = _configs(client, [spec.name for spec in wanted if spec.name in known])
    found: list[Difference] = []
    for spec in wanted:
        topic = known.get(spec.name)
        if topic is None:
            found.append(Difference(spec.name, "topic", None, f"{spec.partitions} partitions"))
            continue
        found.extend(_shape_differences(spec, topic))
        config = configs.get(spec.name)
        if config is not None:
            found.extend(
                Difference(spec.name, field, config.get(field), expected)
                for field, expected in spec.config.items()
                if config.get(field) != expected
            )
    return found


def delete(client: AdminClient, names: TopicNames) -> list[str]:
    """Delete the topics of the namespace, records and all; the names of those that existed. Raises AdminError."""
    present = [name for name in names.all() if name in topics_of(client)]
    if not present:
        return []
    futures = client.delete_topics(present, operation_timeout=TIMEOUT_SECONDS, request_timeout=TIMEOUT_SECONDS)
    for name, future in futures.items():
        error = _outcome(future)
        if error is not None and error.code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise AdminError(error.name(), f"topic {name} cannot be deleted: {error.str()}")
    return present


def topics_of(client: AdminClient, timeout: float = TIMEOUT_SECONDS) -> dict[str, TopicMetadata]:
    """All topics that the broker knows. Asks for all, because asking for one would create it. Raises AdminError."""
    try:
        known: dict[str, TopicMetadata] = client.list_topics(timeout=timeout).topics
    except KafkaException as exception:
        error = _error_of(exception)
        raise AdminError(error.name(), error.str()) from exception
    return known


def _shape_differences(spec: TopicSpec, topic: TopicMetadata) -> list[Difference]:
    found = []
    partitions = len(topic.partitions)
    if partitions < spec.partitions:
        found.append(Difference(spec.name, "partitions", str(partitions), str(spec.partitions)))
    replicas = min((len(p.replicas) for p in topic.partitions.values()), default=0)
    if replicas < spec.replication:
        found.append(Difference(spec.name, "replication factor", str(replicas), str(spec.replication)))
    return found


def _configs(client: AdminClient, names: Sequence[str]) -> dict[str, dict[str, str | None]]:
    """Topic settings by topic; a topic whose settings may not be read is left out."""
    if not names:
        return {}
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in names]
    found: dict[str, dict[str, str | None]] = {}
    for resource, future in client.describe_configs(resources, request_timeout=TIMEOUT_SECONDS).items():
        error = _outcome(future)
        if error is None:
            found[resource.name] = {name: entry.value for name, entry in future.result().items()}
        elif error.code() in (KafkaError.UNSUPPORTED_VERSION, KafkaError._UNSUPPORTED_FEATURE):
            _log.info("the broker cannot describe topic settings; %s is checked without them", resource.name)
        else:
            raise AdminError(error.name(), f"settings of topic {resource.name} cannot be read: {error.str()}")
    return found


def _wait_for_leaders(client: AdminClient, names: Sequence[str]) -> None:
    """A topic that was just created takes a moment to be known everywhere; a producer would trip over that."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while True:
        known = topics_of(client)
        waiting = [name for name in names if not _has_leaders(known.get(name))]
        if not waiting:
            return
        if time.monotonic() > deadline:
            raise AdminError("LEADER_NOT_AVAILABLE", f"topic {waiting[0]} has no leader: is a broker down?")
        time.sleep(0.1)


def _has_leaders(topic: TopicMetadata | None) -> bool:
    return topic is not None and bool(topic.partitions) and all(p.leader >= 0 for p in topic.partitions.values())


def _outcome(future: Future[Any]) -> KafkaError | None:
    """The error of an admin request, None if it succeeded."""
    try:
        future.result(TIMEOUT_SECONDS + 5)
    except KafkaException as exception:
        return _error_of(exception)
    return None


def _error_of(exception: KafkaException) -> KafkaError:
    error = exception.args[0]
    return error if isinstance(error, KafkaError) else KafkaError(KafkaError._FAIL, str(error))
