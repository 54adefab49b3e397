"""Asks brokers and changes topics: reachability, and the topics of a namespace created, checked, deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata  # type: ignore[attr-defined]  # re-exported unsaid

from topics import admin
from topics.names import TopicKind
from workers.errors import ConfigurationError, TocsinError, Unreachable
from workers.kafka_client.config import Trouble, client_config, misconfigured, no_answer, scrubbed
from workers.logs import get_logger
from workers.settings import Settings

CONTACT_SECONDS = 5.0
"""How long a first contact may take: long enough for TLS across an ocean, short enough for a person to wait."""

REFUSED_SECONDS = 2.0
"""How long to go on when the network already said no: a refused connection or an unknown name seldom mends itself."""

GROUP_SECONDS = 5.0
"""How long to wait for a group to be empty beyond the session of a member that was killed."""

T = TypeVar("T")

_MAY_PASS = (KafkaError.NON_EMPTY_GROUP, KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_NOT_AVAILABLE,
             KafkaError.COORDINATOR_LOAD_IN_PROGRESS)  # fmt: skip

_log = get_logger("kafka")


def check(settings: Settings, *, timeout: float = CONTACT_SECONDS) -> str:
    """What answers at the bootstrap servers, in words. Raises Unreachable or ConfigurationError."""
    trouble = Trouble()
    found = _contact(_admin_client(settings, trouble), settings, trouble, timeout)
    brokers = len(found.brokers)
    return f"cluster {found.cluster_id}, {brokers} broker{'s' if brokers != 1 else ''}"


def create_topics(settings: Settings, kinds: Sequence[TopicKind] | None = None) -> list[str]:
    """Create the missing topics of the namespace (only `kinds`, if given); the names of those created.

    Raises Unreachable, ConfigurationError.
    """
    wanted = [spec for spec in _specs(settings) if kinds is None or spec.kind in kinds]
    return _administer(settings, lambda client: admin.create(client, wanted))


def check_topics(settings: Settings) -> list[admin.Difference]:
    """How the topics of the namespace differ from what Tocsin needs. Raises Unreachable, ConfigurationError."""
    return _administer(settings, lambda client: admin.check(client, _specs(settings)))


def delete_topics(settings: Settings) -> list[str]:
    """Delete the topics of the namespace, records and all. Raises Unreachable, ConfigurationError."""
    return _administer(settings, lambda client: admin.delete(client, settings.topics))


def delete_groups(settings: Settings, groups: Sequence[str]) -> None:
    """Delete consumer groups and what they have acknowledged; one that is not there is no matter.

    A member that was killed is counted until its session ends, so this may take that long. Raises Unreachable,
    ConfigurationError.
    """
    deadline = time.monotonic() + settings.kafka_session_timeout + GROUP_SECONDS
    _administer(settings, lambda client: _delete_groups(client, groups, deadline))


def _delete_groups(client: AdminClient, groups: Sequence[str], deadline: float) -> None:
    left = list(groups)
    while left:
        busy = []
        for group, future in client.delete_consumer_groups(left, request_timeout=CONTACT_SECONDS).items():
            try:
                future.result()
            except KafkaException as exception:
                error = exception.args[0]
                if error.code() == KafkaError.GROUP_ID_NOT_FOUND:
                    continue
                if error.code() not in _MAY_PASS or time.monotonic() > deadline:
                    raise admin.AdminError(
                        error.name(), f"group {group} cannot be deleted: {error.str()}"
                    ) from exception
                busy.append(group)
        left = busy
        if left:
            time.sleep(0.2)


def topic_exists(settings: Settings, kind: TopicKind) -> bool:
    """Whether the namespace has this topic. Raises Unreachable, ConfigurationError."""
    trouble = Trouble()
    known = _contact(_admin_client(settings, trouble), settings, trouble, CONTACT_SECONDS).topics
    return settings.topics.of(kind) in known


def ensure_topics(settings: Settings, kinds: Sequence[TopicKind]) -> None:
    """Create those of `kinds` that are missing, and say so. Raises Unreachable, ConfigurationError.

    Without this a broker would refuse the record or, worse, make the topic by itself with one partition.
    """
    trouble = Trouble()
    known = _contact(_admin_client(settings, trouble), settings, trouble, CONTACT_SECONDS).topics
    missing = [kind for kind in kinds if settings.topics.of(kind) not in known]
    if missing:
        for name in create_topics(settings, missing):
            _log.info("topic created", topic=name, partitions=settings.partitions)


def _admin_client(settings: Settings, trouble: Trouble) -> AdminClient:
    # Whoever asks reports the failure himself; librdkafka's own lines would only repeat it.
    config = client_config(settings, "admin", trouble) | {"log_level": 0}
    try:
        return AdminClient(config)
    except KafkaException as exception:
        raise misconfigured(exception, settings) from None


def _contact(client: AdminClient, settings: Settings, trouble: Trouble, timeout: float) -> ClusterMetadata:
    """The cluster's metadata; asks in slices, so that Ctrl-C and a refused password are noticed."""
    begun = time.monotonic()
    deadline = begun + timeout
    while True:
        try:
            return client.list_topics(timeout=max(0.1, min(1.0, deadline - time.monotonic())))
        except KafkaException as exception:
            client.poll(0)
            if trouble.reason is not None:
                deadline = min(deadline, begun + REFUSED_SECONDS)
            if trouble.refused or time.monotonic() >= deadline:
                raise no_answer(settings, trouble, exception.args[0].str()) from None


def _administer(settings: Settings, work: Callable[[AdminClient], T]) -> T:
    trouble = Trouble()
    client = _admin_client(settings, trouble)
    _contact(client, settings, trouble, CONTACT_SECONDS)
    try:
        return work(client)
    except admin.AdminError as error:
        raise _refused(error, settings) from error


def _refused(error: admin.AdminError, settings: Settings) -> TocsinError:
    message = scrubbed(f"Kafka at {settings.kafka_bootstrap_servers}: {error.reason}", settings)
    if error.code in ("INVALID_REPLICATION_FACTOR", "INVALID_PARTITIONS", "INVALID_CONFIG", "POLICY_VIOLATION"):
        return ConfigurationError(message, hint="Change TOCSIN_PARTITIONS or TOCSIN_REPLICATION_FACTOR.")
    if error.code.endswith("AUTHORIZATION_FAILED"):
        return ConfigurationError(message, hint="The user needs the ACLs Create, Describe and DescribeConfigs.")
    return Unreachable(message)


def _specs(settings: Settings) -> tuple[admin.TopicSpec, ...]:
    return admin.specs(settings.topics, settings.partitions, settings.replication_factor)
