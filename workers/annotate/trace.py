"""What a reader can tell of its way to an article's events: a protocol, for whoever wants to explain them.

Nobody listens by default. The reading is the same either way: a trace is told of decisions and takes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from topics.annotations import Status, TextPart
    from workers.annotate.actors import Cast
    from workers.annotate.events import Found
    from workers.annotate.ontology import Condition, Trigger
    from workers.annotate.triggers import Candidate
    from workers.annotate.words import Sentence, Token

Miss = Literal["part of speech", "words apart", "modifier", "other part"]
"""Why words that stand in the sentence are no trigger: of another part of speech; not linked to each other by grammar;
or a noun that only modifies another one; or the trigger counts in headlines (or in the text) only."""


class Trace(Protocol):
    """Takes notes while one article is read. Tokens live as long as the call: keep words, not tokens."""

    def reads(self, title: str, text: str) -> None:
        """The texts that are read, damaged characters mended; offsets are into these."""

    def unread(self, why: str) -> None:
        """The whole article is passed over."""

    def left_out(self, part: TextPart, start: int, end: int, why: str) -> None:
        """Characters of a part that are not read, or a sentence that cannot hold an event."""

    def sentence(self, sentence: Sentence, cast: Cast) -> None:
        """A sentence was parsed; what follows is about it."""

    def missed(self, trigger: Trigger, words: Sequence[str], head: Token, why: Miss) -> None:
        """The trigger's head word stands here, but not as the trigger asks."""

    def excluded(self, trigger: Trigger, tokens: Sequence[Token], phrase: Sequence[str]) -> None:
        """The words are part of a phrase that the type excludes."""

    def failed(self, candidate: Candidate, condition: Condition) -> None:
        """A condition does not hold."""

    def guarded(self, candidate: Candidate) -> None:
        """The article is one of the pages on which the type's words mean something else."""

    def crime(self, candidate: Candidate) -> None:
        """It is told as a case of crime, by private persons."""

    def private(self, candidate: Candidate) -> None:
        """It is no public matter: somebody speaks for nobody, or shoots at a target."""

    def figure(self, candidate: Candidate) -> None:
        """The words are a figure of speech."""

    def told_otherwise(self, candidate: Candidate, status: Status) -> None:
        """The trigger counts with other statuses only than the one with which it is told."""

    def outranked(self, candidate: Candidate, by: Candidate) -> None:
        """Another trigger of the same type is surer about the same word."""

    def yielded(self, candidate: Candidate, to: str) -> None:
        """The word already carries the type `to`."""

    def mentioned(self, candidate: Candidate) -> None:
        """The noun is only mentioned: nobody, no place and no time are named, and no verb says that it happened."""

    def taken(self, found: Found) -> None:
        """An event."""

    def merged(self, found: Found, into: Found) -> None:
        """It is the happening that `into` already tells."""
