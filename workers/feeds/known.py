"""What is known of the version of a document that was had last. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Validators:
    """What the server said about the version that it gave; sent back word for word (RFC 9110, 8.8 and 13.1)."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


UNKNOWN = Validators()
"""Of a feed that was never fetched."""
