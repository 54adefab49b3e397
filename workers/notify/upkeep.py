"""What the step looks after while it runs: mutes that ended, silences and alerts that are over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from workers.logs import get_logger
from workers.notify.ledger import Ledger
from workers.notify.mute_store import MuteStore
from workers.notify.routing import Receivers

_log = get_logger("notify")


class Upkeep:
    """May raise the errors of `redis`. Several workers may look at once."""

    def __init__(self, receivers: Receivers, ledger: Ledger, mutes: MuteStore) -> None:
        self._receivers = receivers
        self._ledger = ledger
        self._mutes = mutes

    async def look(self, now: datetime) -> Iterable[str]:
        """Let go what no silence and no alert holds back any more; the receivers for which there was something."""
        mutes = await self._mutes.mutes(self._receivers.inhibit_rules)
        in_force = mutes.in_force(now)
        freed = []
        for receiver in self._receivers.lanes:
            held = await self._ledger.muted(receiver.name)
            free = [task for task, by in held.items() if by not in in_force]
            if free:
                await self._ledger.release(receiver.name, free, now.timestamp())
                freed.append(receiver.name)
                _log.info("mutes have ended", receiver=receiver.name, alerts=len(free))
        await self._mutes.tidy(now)
        return freed
