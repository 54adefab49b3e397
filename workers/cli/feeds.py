"""`tocsin feeds …`: subscriptions, and articles from feeds onto the topic `articles`."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from workers.errors import ExitCode
from workers.notify.receivers.words import plain

if TYPE_CHECKING:
    from workers.feeds.poll import Polled
    from workers.feeds.validators import ValidatorStore
    from workers.settings import Settings

STATE_FILE = "feeds.json"

_group = typer.Typer(help="Watch news feeds.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    from workers.cli import feeds_file, feeds_look

    feeds_file.register(_group)
    feeds_look.register(_group)
    _group.command("poll")(poll)
    app.add_typer(_group, name="feeds")


def poll(
    urls: Annotated[
        list[str] | None, typer.Argument(metavar="[FEED_URL…]", help="Feeds; default: those of feeds.yaml.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the articles as JSON lines; no Kafka, and nothing is remembered.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on for ever, as `tocsin worker feeds` does.")] = False,
) -> None:
    """Fetch feeds once and push their articles onto the topic `articles`.

    Without an address: those of feeds.yaml that are due, which needs Redis, then end; with --watch go on. Asks only
    for what is new since the last poll; what was new is remembered after Kafka has confirmed it.
    Exit codes: 0 all well, 1 a feed is broken or an article was refused, 4 Kafka or Redis does not answer.
    """
    import asyncio

    from workers.logs import configure_logging
    from workers.settings import load_settings

    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    if not urls:
        if dry_run:
            raise typer.BadParameter("names no feed; `tocsin feeds check` shows what those of feeds.yaml give.")
        raise typer.Exit(_poll_subscribed(settings, watch=watch))
    if watch:
        raise typer.BadParameter("goes with feeds.yaml; add them: `tocsin feeds add URL`.", param_hint="--watch")
    summary = asyncio.run(_print_articles(settings, urls) if dry_run else _poll(settings, urls))
    summary.tell()
    if summary.broken or summary.refused:
        raise typer.Exit(ExitCode.FAILED)


def _poll_subscribed(settings: Settings, *, watch: bool) -> int:
    from workers.feeds.paths import feeds_path
    from workers.feeds.running import run_once, run_poller

    if watch:
        return run_poller(settings)
    done = run_once(settings)
    _say(
        f"{feeds_path(settings)}: feeds {done.feeds:,}, asked {done.asked:,}, broken {done.broken:,}, "
        f"not due {done.waiting:,}; articles {done.articles:,}"
        + (f"; {done.elsewhere:,} are another poller's" if done.elsewhere else "")
    )
    return ExitCode.FAILED if done.broken else ExitCode.OK


@dataclass(slots=True)
class _Summary:
    """What came of a round."""

    feeds: int = 0
    unchanged: int = 0
    broken: int = 0
    articles: int = 0
    confirmed: int | None = None
    refused: int = 0

    def add(self, polled: Polled) -> None:
        """Count one feed and tell of it."""
        self.feeds += 1
        self.unchanged += polled.unchanged
        self.broken += polled.reason is not None
        self.articles += len(polled.articles)
        if polled.reason is not None:
            _say(f"{polled.name}: broken: {polled.reason}")
        else:
            _say(f"{polled.name}: " + ("nothing new" if polled.unchanged else f"{len(polled.articles)} articles"))
        for problem in polled.problems:
            _say(f"{polled.name}: {problem}")

    def refuse(self, reason: str) -> None:
        """Count an article that cannot be sent and tell of it."""
        self.refused += 1
        _say(reason)

    def tell(self) -> None:
        """The last line."""
        confirmed = "" if self.confirmed is None else f", confirmed {self.confirmed:,}"
        _say(
            f"feeds {self.feeds:,}, unchanged {self.unchanged:,}, broken {self.broken:,}; "
            f"articles {self.articles:,}{confirmed}"
        )


async def _print_articles(settings: Settings, urls: list[str]) -> _Summary:
    from workers.feeds.fetch import Fetcher
    from workers.feeds.poll import poll as poll_feeds
    from workers.feeds.poll import utc_now

    summary = _Summary()
    async with Fetcher(private=settings.private_hosts, contact=settings.feeds_contact) as fetcher:
        async for polled in poll_feeds(fetcher, urls, {}, utc_now):
            summary.add(polled)
            for article in polled.articles:
                typer.echo(article.model_dump_json())
            sys.stdout.flush()
    return summary


async def _poll(settings: Settings, urls: list[str]) -> _Summary:
    from workers.feeds.fetch import Fetcher
    from workers.feeds.poll import poll as poll_feeds
    from workers.feeds.poll import utc_now
    from workers.feeds.publish import Publisher
    from workers.kafka_client import ArticleProducer

    summary = _Summary()
    producer = ArticleProducer(settings)
    publisher = Publisher(producer, summary.refuse)
    async with _store(settings) as store:
        known = {url: await store.load(url) for url in urls}
        try:
            with producer:
                async with Fetcher(private=settings.private_hosts, contact=settings.feeds_contact) as fetcher:
                    async for polled in poll_feeds(fetcher, urls, known, utc_now):
                        summary.add(polled)
                        if polled.reason is None and not polled.unchanged:
                            publisher.publish(polled)
        finally:
            # Also when Kafka went away half-way: what it has need not be fetched again.
            await store.save(publisher.confirmed(), utc_now())
    summary.confirmed = producer.confirmed
    summary.refused += producer.failed
    return summary


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[ValidatorStore]:
    from topics.base import digest
    from workers.feeds.validators import FileValidators, RedisValidators
    from workers.redis_client import connect
    from workers.settings import state_dir

    if settings.redis_url is None:
        scope = digest(settings.require_kafka(), settings.namespace)
        yield FileValidators(state_dir() / STATE_FILE, scope)
        return
    client = connect(settings)
    try:
        yield RedisValidators(client, settings)
    finally:
        await client.aclose()


def _say(line: str) -> None:
    typer.echo(plain(line), err=True)
