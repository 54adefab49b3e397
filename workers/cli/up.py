"""`tocsin up`: everything on one machine, supervised, with no configuration."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from workers.cli.preflight import check_feeds, check_model, check_patterns, check_receivers
from workers.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from workers.local.processes import LineSink
    from workers.local.stack import Stack

COLOURS = {
    "annotate": "cyan",
    "watch": "magenta",
    "notify": "green",
    "feeds": "blue",
    "broker": "yellow",
    "redis": "red",
}
CHECK_SECONDS = 0.5


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up")(up)


def up() -> None:
    """Start the broker, Redis and all steps on this machine; Ctrl-C ends them and leaves nothing behind.

    With a feeds.yaml in this folder, or TOCSIN_FEEDS, its feeds are polled too. Set TOCSIN_KAFKA_BOOTSTRAP_SERVERS and
    TOCSIN_REDIS_URL to use servers of your own. Other commands in another terminal of this machine find the servers by
    themselves. A second Ctrl-C ends the steps at once; nothing is lost by that on servers of your own.
    """
    from workers.local.signals import run_until_signalled

    sys.exit(run_until_signalled(_only_one(), signalled=ExitCode.OK))  # Ctrl-C is its normal end


async def _only_one() -> int:
    from workers.local.runfile import only_one

    with only_one():
        return await _serve()


async def _serve() -> int:
    from rich.console import Console

    from workers.local.runfile import run_file
    from workers.local.stack import STEPS, local_stack
    from workers.logs import configure_logging
    from workers.settings import load_settings

    settings = load_settings(discover=False)
    configure_logging(settings.log_level, settings.log_format, step="up")
    check_model(settings)
    check_receivers(settings, check_patterns(settings))
    feeds = check_feeds(settings)
    settings = settings.with_changes(feeds=feeds)
    steps = STEPS if feeds is None else (*STEPS, "feeds")
    console = Console(stderr=True, highlight=False)
    log_format = settings.log_format
    if log_format == "auto":
        log_format = "console" if console.is_terminal else "json"
    _say(console, "tocsin up: starting (Ctrl-C ends it) …")
    async with local_stack(settings, steps=steps, sink=tagged_sink(console), log_format=log_format) as stack:
        with run_file(stack.settings):
            _say_ready(console, stack)
            try:
                while True:
                    stack.check_children()
                    await asyncio.sleep(CHECK_SECONDS)
            finally:
                _say(console, "tocsin up: ending; the steps finish what they hold (Ctrl-C again ends them at once) …")


def _say(console: Console, text: str) -> None:
    """Say it if anybody still listens.

    A terminal that closes sends SIGHUP, which ends `up`. If only the reader of its output goes (`up 2>&1 | head`), it
    runs on without a word: others on this machine may be using its servers, and alerts still reach the receivers.
    """
    with suppress(OSError, SystemExit):  # Rich exits when its pipe breaks
        console.print(text, soft_wrap=True)


def tagged_sink(console: Console) -> LineSink:
    """Each line with its child's name before it, coloured on a terminal."""
    from rich.text import Text

    def sink(name: str, line: str) -> None:
        if console.is_terminal:
            text = Text(f"{name:>9} │ ", style=COLOURS.get(name, ""))
            text.append_text(Text.from_ansi(line))
            console.print(text, soft_wrap=True)
        else:  # one line is one record: nothing may wrap or colour it
            sys.stderr.write(f"{name:>9} │ {line}\n")

    return sink


def _say_ready(console: Console, stack: Stack) -> None:
    from workers.local.stack import metrics_ports
    from workers.redis_client import address

    settings = stack.settings
    note = " (embedded: in memory, for a first look)"
    ports = ", ".join(f"{step} {port}" for step, port in metrics_ports(settings, stack.steps).items())
    _say(
        console,
        f"tocsin up: ready\n"
        f"  Kafka     {settings.kafka_bootstrap_servers}{note if 'broker' in stack.embedded else ''}\n"
        f"  Redis     {address(settings)}{note if 'redis' in stack.embedded else ''}\n"
        f"  patterns  {settings.patterns_path}\n"
        f"  receivers {settings.receivers or 'this terminal'}\n"
        f"  feeds     {settings.feeds or 'none: `tocsin feeds add URL`, then start again'}\n"
        f"{f'  metrics   ports: {ports}' + chr(10) if ports else ''}"
        f"  Now, in another terminal:  tocsin produce PATH   tocsin counts top --kind event   tocsin alerts list",
    )
