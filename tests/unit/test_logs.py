"""Logs: one record a line, the libraries' lines too, ids on every line about an article, no secrets."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from workers.logs import bind_article, configure_logging, get_logger


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(out: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_without_a_terminal_each_line_is_json_with_its_step() -> None:
    out = io.StringIO()
    configure_logging("info", "auto", stream=out, step="watch")
    get_logger("watch").info("alert.fired", pattern="p", number=3)
    (line,) = lines(out)
    assert line["event"] == "alert.fired"
    assert line["step"] == "watch"
    assert line["level"] == "info"
    assert line["number"] == 3
    assert str(line["timestamp"]).endswith("Z")


def test_a_line_about_an_article_carries_its_id_and_trace() -> None:
    out = io.StringIO()
    configure_logging("info", "json", stream=out)
    with bind_article("a1", "t1"):
        get_logger("annotate").info("inside")
        logging.getLogger("librdkafka").warning("foreign %s", "words")
    get_logger("annotate").info("outside")
    inside, foreign, outside = lines(out)
    assert (inside["article_id"], inside["trace_id"]) == ("a1", "t1")
    assert (foreign["event"], foreign["article_id"]) == ("foreign words", "a1")
    assert "article_id" not in outside


def test_fields_that_speak_of_a_secret_are_redacted() -> None:
    out = io.StringIO()
    configure_logging("info", "json", stream=out)
    get_logger("x").info("event", kafka_password="hunter2", Authorization="Bearer hunter2", slack_token="hunter2")
    assert "hunter2" not in out.getvalue()


def test_chatty_libraries_speak_up_only_when_something_is_wrong() -> None:
    out = io.StringIO()
    configure_logging("info", "json", stream=out)
    logging.getLogger("aiokafka.consumer").info("chatter")
    logging.getLogger("faust.app").info("chatter")
    logging.getLogger("aiokafka.consumer").error("trouble")
    assert [line["event"] for line in lines(out)] == ["trouble"]


def test_an_exception_stays_on_one_line_of_json() -> None:
    out = io.StringIO()
    configure_logging("info", "json", stream=out)
    try:
        raise ValueError("odd")
    except ValueError:
        get_logger("x").exception("failed")
    (line,) = lines(out)
    assert "ValueError: odd" in str(line["exception"])
