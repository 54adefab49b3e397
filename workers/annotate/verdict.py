"""What was found out about one trigger: status, attribution, date, and the words that decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from topics.annotations import Status
from workers.annotate.dates import When
from workers.annotate.words import Token

STRENGTH: dict[Status, int] = {"actual": 0, "historical": 1, "future": 2, "hypothetical": 3, "negated": 4}
"""Of two signs the stronger one wins: what will not happen is `negated`, what may happen next week `hypothetical`."""


@dataclass(slots=True)
class Verdict:
    """The status of a trigger, under way. `because` names the words that decided, for `--explain`."""

    status: Status = "actual"
    attributed: bool = False
    when: When | None = None
    because: list[str] = field(default_factory=list)

    def raise_to(self, status: Status, token: Token) -> None:
        """Take the stronger of two statuses."""
        if STRENGTH[status] > STRENGTH[self.status]:
            self.status = status
            self.because.append(f"{status}: {token.text}")

    def settle(self, status: Status, words: str) -> None:
        """Give what looked actual another status."""
        if self.status == "actual":
            self.status = status
            self.because.append(f"{status}: {words}")

    def look_ahead(self, when: When) -> None:
        """The event lies after publication."""
        self.settle("future", when.words)

    def date_back(self, when: When) -> None:
        """The event lies before the news window."""
        self.settle("historical", when.words)
