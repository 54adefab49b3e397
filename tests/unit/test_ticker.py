"""When a step looks at the time: at rest as soon as an answer has come, under load once a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from workers import ticker
from workers.ticker import Ticker


class Asks:
    """A handler whose every tick gets an answer that is worth another tick."""

    def __init__(self) -> None:
        self.ticked = asyncio.Event()
        self._soon: Callable[[], None] | None = None

    def wakes(self, soon: Callable[[], None]) -> None:
        self._soon = soon

    async def tick(self) -> None:
        self.ticked.set()
        self.answer()

    def answer(self) -> None:
        assert self._soon is not None
        self._soon()


async def test_answers_bring_ticks_on_at_rest_and_do_not_hold_up_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "EVERY_SECONDS", 60)
    monkeypatch.setattr(ticker, "SHORTEST_PAUSE_SECONDS", 0.01)
    asks = Asks()
    looks = Ticker(asks, asyncio.Lock(), transient=(), broken=lambda _: None)
    running = asyncio.create_task(looks.run())
    await asyncio.sleep(0)
    asks.answer()
    for _ in range(3):  # one brings the next on
        await asyncio.wait_for(asks.ticked.wait(), 10)
        asks.ticked.clear()
    looks.busy()
    await asyncio.sleep(0.1)  # one may have been asked for before
    asks.ticked.clear()
    asks.answer()
    await asyncio.sleep(0.2)
    assert not asks.ticked.is_set()
    looks.soon()
    await asyncio.wait_for(asks.ticked.wait(), 10)
    running.cancel()
