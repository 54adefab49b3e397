"""The topics in order of flow, and their names under a namespace."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

TopicKind = Literal["articles", "annotations", "alerts", "deliveries", "rejects", "silences"]

FLOW: tuple[TopicKind, ...] = get_args(TopicKind)
"""Upstream first; what no article flows through, last."""

_NAMESPACE = re.compile(r"^[a-z0-9][a-z0-9_-]{0,99}$")


@dataclass(frozen=True)
class TopicNames:
    """Names of the topics of one namespace, for example `tocsin.articles`.

    Raises ValueError for a namespace that Kafka, Redis or a shell would trip over.
    """

    namespace: str = "tocsin"

    def __post_init__(self) -> None:
        if not _NAMESPACE.fullmatch(self.namespace):
            raise ValueError(
                f"namespace {self.namespace!r}: use lower-case letters, digits, '-' and '_', "
                "starting with a letter or digit, at most 100 characters"
            )

    def of(self, kind: TopicKind) -> str:
        """The topic's full name."""
        return f"{self.namespace}.{kind}"

    def kind(self, topic: str) -> TopicKind | None:
        """Which topic of this namespace `topic` names; None if it is not one."""
        for kind in FLOW:
            if topic == self.of(kind):
                return kind
        return None

    def all(self) -> tuple[str, ...]:
        """All names, upstream first."""
        return tuple(self.of(kind) for kind in FLOW)
