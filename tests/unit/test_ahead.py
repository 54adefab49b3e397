"""Batches are handled while the ones before are sent; what is sent and acknowledged stays in order, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from workers.ahead import Ahead, Begun
from workers.steps import Outcome


async def test_the_next_is_handled_meanwhile_and_seen_through_afterwards() -> None:
    told: list[str] = []
    sent = [asyncio.Event() for _ in range(4)]
    handled = [asyncio.Event() for _ in range(4)]

    async def handle(number: int) -> Sequence[Outcome]:
        told.append(f"given {number}")
        await handled[number].wait()
        if number == 2:
            raise ValueError("an error of ours")
        return [()]

    async def see_through(number: int, begun: Begun) -> None:
        await asyncio.wait({begun})
        await sent[number].wait()
        told.append(f"done with {number}, {'failed' if begun.exception() else 'well'}")

    async def consume(ahead: Ahead) -> None:
        for number in range(4):
            await ahead.take(partial(handle, number), partial(see_through, number))

    ahead = Ahead()
    consuming = asyncio.create_task(consume(ahead))
    await asyncio.sleep(0.01)
    assert told == ["given 0", "given 1"], "one is handled, one lies ready"
    handled[0].set()
    await asyncio.sleep(0.01)
    assert told == ["given 0", "given 1", "given 2"], "one is sent, one handled, one lies ready"
    handled[1].set()
    await asyncio.sleep(0.01)
    assert told == ["given 0", "given 1", "given 2"], "the first is not done with"
    for event in reversed([*handled, *sent]):  # the later ones first: they wait all the same
        event.set()
    await consuming
    while len(told) < 8:
        await asyncio.sleep(0.01)
    done = [line for line in told if line.startswith("done")]
    assert done == ["done with 0, well", "done with 1, well", "done with 2, failed", "done with 3, well"]
    assert told.index("given 3") > told.index("done with 0, well")
