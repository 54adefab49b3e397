"""The same counting with Quix Streams, in a venv of its own: a sink that writes a batch to Redis at each checkpoint.

Arguments: bootstrap servers, topic, Redis URL, folder for its state.
"""

import sys
from typing import Any

import redis
from counting import count_into
from quixstreams import Application
from quixstreams.sinks import BatchingSink

BATCH = 32


class Counts(BatchingSink):  # type: ignore[misc]  # without Quix here, it is Any
    """Counts what came since the last checkpoint."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._client = redis.Redis.from_url(url, decode_responses=True)

    def write(self, batch: Any) -> None:
        """One round trip."""
        pipe = self._client.pipeline(transaction=False)
        number = 0
        for item in batch:
            count_into(pipe, "quix", item.value)
            number += 1
        pipe.hincrby("quix", "done", number)
        pipe.execute()


def main(bootstrap: str, topic: str, url: str, folder: str) -> None:
    """For ever."""
    app = Application(
        broker_address=bootstrap,
        consumer_group="quix",
        auto_offset_reset="earliest",
        commit_every=BATCH,
        state_dir=folder,
        auto_create_topics=False,
    )
    source = app.topic(topic, value_deserializer="bytes", key_deserializer="bytes")
    app.dataframe(source).sink(Counts(url))
    app.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
