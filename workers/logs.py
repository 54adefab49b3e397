"""structlog for everything: readable on a terminal, JSON otherwise; the libraries' own lines go the same way.

`bind_article` puts an article's id and trace id on every line that follows in the same task.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["auto", "console", "json"]

_SECRET_WORDS = ("password", "secret", "token", "authorization", "api_key", "redis_url", "signing_key")
_QUIET = {"aiokafka": "WARNING", "faust": "WARNING", "mode": "WARNING", "asyncio": "WARNING", "aiohttp": "WARNING"}


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the values of fields whose name speaks of a secret."""
    for key in event:
        if any(word in key.lower() for word in _SECRET_WORDS):
            event[key] = "[redacted]"
    return event


def configure_logging(
    level: str = "info", log_format: LogFormat = "auto", *, stream: TextIO | None = None, step: str | None = None
) -> None:
    """Send all log lines, also those of Faust, aiokafka and librdkafka, to `stream` (default: standard error).

    `step` is put on every line, so that the lines of `tocsin up` can be told apart.
    """
    out = stream or sys.stderr
    console = log_format == "console" or (log_format == "auto" and out.isatty())
    colours = out.isatty() and not os.environ.get("NO_COLOR")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(console, colours)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name, quiet in _QUIET.items():
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(max(logging.getLevelName(quiet), root.level))
    structlog.contextvars.clear_contextvars()
    if step:
        structlog.contextvars.bind_contextvars(step=step)


def _renderers(console: bool, colours: bool) -> list[Processor]:
    if console:
        return [structlog.dev.ConsoleRenderer(colors=colours, exception_formatter=structlog.dev.plain_traceback)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger; `name` is the module's part of the flow, for example `annotate`."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(name)
    return logger


def is_debugging() -> bool:
    """Whether debug lines are written at all: where there is one for each article, asking costs less than saying it."""
    return logging.getLogger().isEnabledFor(logging.DEBUG)


@contextmanager
def bind_article(article_id: str, trace_id: str | None, **more: Any) -> Iterator[None]:
    """Every line inside the block carries the article's id and trace id."""
    with structlog.contextvars.bound_contextvars(article_id=article_id, trace_id=trace_id, **more):
        yield
