"""Ends the alerts about feeds that are subscribed to no more: nobody visits them again to see whether they are well."""

from __future__ import annotations

from collections.abc import Collection

from workers.feeds.about_feed import ended
from workers.feeds.registry import Registry
from workers.feeds.sender import Sender
from workers.feeds.sharding import owner
from workers.feeds.subscriptions import Subscription, Subscriptions
from workers.logs import get_logger

log = get_logger("feeds")


async def left_behind(registry: Registry, subscriptions: Subscriptions, pollers: Collection[str]) -> list[Subscription]:
    """The feeds with a standing alert that are not in `subscriptions`, of the hosts that should be ours."""
    there = {feed.url for feed in subscriptions.feeds}
    gone = [Subscription.model_construct(url=url) for url in await registry.alerting() if url not in there]
    return [feed for feed in gone if owner(feed.host, pollers) == registry.poller]


async def say_farewell(registry: Registry, sender: Sender, feed: Subscription, token: int | None) -> None:
    """Retract the alert about `feed`. `token` is that of the host's lease if it is ours; else it is taken for this."""
    held = token if token is not None else (await registry.take([feed.host])).get(feed.host)
    if held is None:
        return  # another poller is about to hand it over; the next beat finds it
    (state,) = await registry.load([feed])
    if (alert := ended(state)) is not None:
        await sender.send((), [alert])
        log.info("feeds.alert_ended", feed=feed.url, why="it is not subscribed to any more")
    await registry.save(feed, held, state.model_copy(update={"alert": None}), None)
    if token is None:
        await registry.give_back(feed.host)
