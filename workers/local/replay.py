"""Replay: the whole pipeline over an archive, in a namespace of its own, paging nobody, cleaned up at the end."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from pathlib import Path
from time import monotonic

from redis.exceptions import RedisError

from workers.archives.checkpoint import Checkpoint
from workers.archives.opening import Source
from workers.archives.ordering import Item
from workers.archives.playing import Playing
from workers.errors import InputError, TocsinError
from workers.kafka_client import ArticleProducer, delete_groups, delete_topics, topic_exists
from workers.local.processes import LineSink
from workers.local.progress import Progress
from workers.local.replay_report import ReplayReport, make_report
from workers.local.signals import in_daemon_thread, unbroken
from workers.local.stack import Stack, local_stack
from workers.logs import get_logger
from workers.redis_client import connect
from workers.redis_keys import Keys, drop_namespace
from workers.settings import Settings, state_dir
from workers.watch.count_reader import CountReader
from workers.watch.durations import ALLOWED_LATENESS
from workers.watch.redis_windows import RedisWindows

log = get_logger("replay")

STEPS = ("annotate", "watch")
DECIDED_SECONDS = 60.0
"""How long a replay waits for what only its archive's clock decides."""

GIVE_UP_SECONDS = 10.0
"""How long a cancelled producer gets to stop; one that still reads a silent terminal then produces nothing more."""

SESSION_SECONDS = 10.0
"""Of a replay's steps at most: a run that goes on after a kill waits so long for the partitions of the dead."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True)
class Run:
    """What is to be replayed, and how.

    With a `name` the run can be killed and taken up again by the same command. `keep` leaves its topics and keys at
    the end. `workers` is the number of annotate processes. `waiting` names the patterns that wait for time to pass:
    the report is made when they have been decided.
    """

    source: Source
    name: str | None = None
    keep: bool = False
    workers: int = 1
    waiting: Sequence[str] = ()


def produce_all(
    settings: Settings,
    found: Iterable[Item],
    playing: Playing | None = None,
    producer: ArticleProducer | None = None,
) -> Playing:
    """Produce every article and wait for Kafka's confirmations. Raises Unreachable, StoppedError.

    `producer`, if one is connected already, is closed at the end.
    """
    playing = playing or Playing()
    with producer or ArticleProducer(settings) as sink:
        playing.play(found, sink)
    return playing


async def produce(
    settings: Settings,
    found: Iterable[Item],
    playing: Playing | None = None,
    producer: ArticleProducer | None = None,
) -> Playing:
    """As `produce_all`, beside the loop; being cancelled, it stops and waits until nothing more goes out."""
    playing = playing or Playing()
    producing = in_daemon_thread(lambda: produce_all(settings, found, playing, producer))
    try:
        return await asyncio.shield(producing)
    except asyncio.CancelledError:
        playing.stop.set()
        await unbroken(_wait(producing))
        raise


async def _wait(producing: asyncio.Future[Playing]) -> None:
    await asyncio.wait({producing}, timeout=GIVE_UP_SECONDS)
    if producing.done() and not producing.cancelled():
        producing.exception()  # seen; the cancellation is what counts


def replay_settings(settings: Settings, patterns: Path | None, name: str | None = None) -> Settings:
    """The same servers, a namespace of its own, the archive's clock. Raises InputError for a name that is none."""
    if name is not None and not _NAME.fullmatch(name):
        raise InputError(f"--name {name!r}: expected small letters, digits and dashes, at most 41.")
    changes: dict[str, object] = {"namespace": f"replay-{name or secrets.token_hex(4)}", "clock": "archive"}
    changes["metrics_port"] = None  # it is that of the steps which run all day
    changes["kafka_session_timeout"] = min(settings.kafka_session_timeout, SESSION_SECONDS)
    if patterns is not None:
        changes["patterns"] = patterns
    return settings.with_changes(**changes)


@asynccontextmanager
async def replay_stack(
    settings: Settings,
    sink: LineSink,
    *,
    run: Run,
    done: Callable[[], bool] = lambda: True,
    meanwhile: Callable[[Settings], None] | None = None,
) -> AsyncIterator[Stack]:
    """The steps of a replay; its topics, groups and keys are deleted at the end, unless the servers go anyway.

    A run with a name keeps them until it is `done`. `meanwhile` is called while the steps start.
    """

    async def clean_up(stack: Stack) -> None:
        if not run.keep and (run.name is None or done()):
            await drop(stack.settings, stack.embedded)

    processes = {"annotate": run.workers}
    async with local_stack(
        settings, steps=STEPS, sink=sink, clean_up=clean_up, meanwhile=meanwhile, processes=processes
    ) as stack:
        yield stack


def check_servers(settings: Settings, run: Run) -> None:
    """Refuse to keep what would go with servers that only this run starts. Raises InputError."""
    missing = [
        variable
        for variable, value in (
            ("TOCSIN_KAFKA_BOOTSTRAP_SERVERS", settings.kafka_bootstrap_servers),
            ("TOCSIN_REDIS_URL", settings.redis_url),
        )
        if value is None
    ]
    if missing and (run.keep or run.name is not None):
        raise InputError(
            "--keep and --name need servers that outlive the run, and the embedded ones do not.",
            hint=f"Start `tocsin up` in another terminal, or set {' and '.join(missing)}.",
        )


async def replay(
    settings: Settings,
    run: Run,
    *,
    sink: LineSink,
    playing: Playing | None = None,
    on_progress: Callable[[list[Progress]], None] | None = None,
) -> ReplayReport:
    """Run the archive through annotate and watch; `settings` come from `replay_settings`."""
    check_servers(settings, run)
    playing = playing or Playing()
    articles = iter(run.source)
    # A file that cannot be read is told before anything is started.
    first = await in_daemon_thread(lambda: list(islice(articles, 1)))
    complete = False
    producer: ArticleProducer | None = None

    def connect(known: Settings) -> None:
        nonlocal producer
        producer = ArticleProducer(known)
        producer.connect()

    with checkpointed(settings, run, playing):
        async with replay_stack(settings, sink, run=run, done=lambda: complete, meanwhile=connect) as stack:
            started = monotonic()
            await produce(stack.settings, chain(first, articles), playing, producer)
            await stack.wait_until_idle(on_progress)
            await _decided(stack.settings, run.waiting)
            report = await make_report(stack.settings, playing, monotonic() - started)
            complete = True
        if not run.keep and playing.checkpoint is not None:
            playing.checkpoint.remove()
    return report


@contextmanager
def checkpointed(settings: Settings, run: Run, playing: Playing) -> Iterator[None]:
    """Have `playing` go on where an earlier run of the same name was. Raises InputError, Unreachable."""
    if run.name is None:
        yield
        return
    file, span = checkpoint_path(settings, run.name), playing.span
    playing.checkpoint = Checkpoint.of(file, run.source.rows, since=span.since, until=span.until)
    with playing.checkpoint.held() as low:
        # Kafka may have lost what the mark says it has: servers in memory that were started anew.
        if low.number_done and not topic_exists(settings, "articles"):
            playing.checkpoint.save(playing.low, finished=True)  # before the topic is made anew and we are killed
        else:
            playing.low = low
        yield


def checkpoint_path(settings: Settings, name: str) -> Path:
    """Where the run `name` into the namespace of `settings` keeps its mark."""
    return state_dir() / "replays" / f"{settings.namespace}.{name}.json"


async def _decided(settings: Settings, patterns: Sequence[str]) -> None:
    """Wait until `patterns` were decided, as far as the archive's clock goes."""
    if not patterns:
        return
    keys, client = Keys(settings.namespace), connect(settings)
    windows = RedisWindows(client, keys)
    try:
        async with asyncio.timeout(DECIDED_SECONDS):
            while True:
                end = await CountReader(client, keys).newest()
                due = [moment for moment in await windows.due(patterns) if moment is not None]
                if end is None or all(moment > end - ALLOWED_LATENESS for moment in due):
                    return
                await asyncio.sleep(0.05)
    except TimeoutError:
        log.warning("replay.undecided", todo="a pattern that waits for silence may not have rung", patterns=patterns)
    finally:
        await client.aclose()


async def drop(settings: Settings, embedded: Sequence[str] = ()) -> None:
    """Delete topics, groups and keys of a replay's namespace. Each by itself: what cannot be deleted keeps nothing
    else, and is logged.
    """
    if "redis" not in embedded:
        try:
            await _drop_keys(settings)
        except (TocsinError, OSError, RedisError) as error:
            _not_cleaned(settings, error)
    if "broker" not in embedded:
        groups = [f"{settings.namespace}.{step}" for step in STEPS]
        for work in (partial(delete_topics, settings), partial(delete_groups, settings, groups)):
            try:
                await asyncio.to_thread(work)
            except TocsinError as error:
                _not_cleaned(settings, error)


async def _drop_keys(settings: Settings) -> None:
    client = connect(settings)
    try:
        await drop_namespace(client, settings.namespace)
    finally:
        await client.aclose()


def _not_cleaned(settings: Settings, error: Exception) -> None:
    with suppress(OSError, ValueError):  # our own log may be a terminal that is gone
        log.warning("replay.not_cleaned", namespace=settings.namespace, error=str(error))
