"""`tocsin produce` as a person and a shell script meet it: what it says, where, and with which exit code."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from tests.rig.broker import BrokerServer, embedded_broker

Run = Callable[..., "subprocess.CompletedProcess[str]"]
COMMAND = [sys.executable, "-m", "workers.cli", "produce"]


def environment(bootstrap: str, namespace: str = "") -> dict[str, str]:
    return {
        **os.environ,
        "TOCSIN_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "TOCSIN_NAMESPACE": namespace or f"t{uuid.uuid4().hex[:12]}",
        "COLUMNS": "200",
    }


@pytest.fixture
def settings(broker: BrokerServer) -> dict[str, str]:
    return environment(broker.bootstrap)


@pytest.fixture
def run(settings: dict[str, str]) -> Run:
    def go(*arguments: str, given: str | None = None, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*COMMAND, *arguments],
            env={**settings, **changes},
            input=given,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return go


def lying_on_the_topic(settings: dict[str, str]) -> int:
    """Counted by reading: the embedded broker's answer to "what is the last offset?" forgets most of the last batch."""
    consumer = Consumer(
        {"bootstrap.servers": settings["TOCSIN_KAFKA_BOOTSTRAP_SERVERS"], "group.id": "count", "log_level": 0}
    )
    topic = f"{settings['TOCSIN_NAMESPACE']}.articles"
    partitions = consumer.list_topics(timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in partitions])
    count = 0
    while found := consumer.consume(10_000, timeout=1.0):
        count += len(found)
    consumer.close()
    return count


def archive(path: Path, count: int, length: int = 200) -> str:
    path.write_text("".join(json.dumps({"id": f"a{n}", "text": f"{n} " + "x" * length}) + "\n" for n in range(count)))
    return str(path)


def test_all_confirmed_is_success_and_stdout_stays_empty(run: Run, settings: dict[str, str], tmp_path: Path) -> None:
    done = run(archive(tmp_path / "a.jsonl", 1000))
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "read 1,000, produced 1,000, confirmed 1,000, malformed 0 (" in done.stderr
    assert lying_on_the_topic(settings) == 1000


def test_malformed_lines_are_named_and_the_rest_arrives(run: Run, settings: dict[str, str]) -> None:
    done = run("-", given='{"text": "one"}\n{"text": 2}\n\nnonsense\n{"text": "[bold]four[/]"}\n')
    assert done.returncode == 1
    assert "<stdin>:2: text: expected a string, found 2\n" in done.stderr
    assert "<stdin>:4: not JSON" in done.stderr
    assert "read 4, produced 2, confirmed 2, malformed 2 (" in done.stderr
    assert lying_on_the_topic(settings) == 2


def test_an_article_that_never_fits_is_counted(run: Run) -> None:
    done = run("-", given=json.dumps({"id": "huge", "text": "x", "tags": ["t" * 1_500_000]}) + '\n{"text": "small"}\n')
    assert done.returncode == 1
    assert "article 'huge': Article of" in done.stderr
    assert "read 2, produced 1, confirmed 1, malformed 1 (" in done.stderr


def test_nothing_to_read_is_success(run: Run) -> None:
    done = run("-", given="")
    assert (done.returncode, "read 0, produced 0, confirmed 0, malformed 0" in done.stderr) == (0, True)


def test_a_missing_file_is_an_input_error_before_anything_is_sent(
    run: Run, settings: dict[str, str], tmp_path: Path
) -> None:
    run("-", given="")
    done = run(archive(tmp_path / "a.jsonl", 5), str(tmp_path / "none.jsonl"))
    assert done.returncode == 5
    assert f"tocsin: {tmp_path / 'none.jsonl'}: No such file or directory" in done.stderr
    assert lying_on_the_topic(settings) == 0


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"TOCSIN_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}, 4, "does not answer: Connect to ipv4#127.0.0.1:1 failed"),
        ({"TOCSIN_KAFKA_BOOTSTRAP_SERVERS": "http://kafka:9092"}, 3, "is no address of a broker"),
        ({"TOCSIN_KAFKA_BOOTSTRAP_SERVERS": ""}, 3, "No Kafka is configured"),
        ({"TOCSIN_NAMESPACE": "No Good"}, 3, "TOCSIN_NAMESPACE"),
        ({"TOCSIN_REPLICATION_FACTOR": "none"}, 3, "TOCSIN_REPLICATION_FACTOR"),
    ],
)
def test_what_is_wrong_is_told_in_one_message(
    run: Run, tmp_path: Path, changes: dict[str, str], code: int, said: str
) -> None:
    done = run(archive(tmp_path / "a.jsonl", 5), **changes)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
    assert "read " not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_at_once_and_tells_what_arrived(settings: dict[str, str], number: signal.Signals) -> None:
    running = subprocess.Popen(
        [*COMMAND, "-"], env=settings, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
    )
    assert running.stdin is not None
    assert running.stderr is not None
    running.stdin.writelines(f'{{"text": "number {n}"}}\n' for n in range(50))
    running.stdin.write("this line is answered\n")
    running.stdin.flush()
    said = ""
    while "<stdin>:51:" not in said:  # until then it is still starting
        said = running.stderr.readline()
    begun = time.monotonic()
    running.send_signal(number)
    rest = running.stderr.read()
    assert running.wait(30) == 130
    assert time.monotonic() - begun < 8
    assert "read 51, produced 50, confirmed 50, malformed 1" in rest
    assert "Traceback" not in rest
    assert lying_on_the_topic(settings) == 50


@pytest.mark.heavy  # the time-out is half a minute; test_kafka_client has it with a short one
def test_a_broker_that_goes_away_is_unreachable_and_the_summary_is_true(tmp_path: Path) -> None:
    with embedded_broker() as broker:
        settings = environment(broker.bootstrap)
        running = subprocess.Popen(
            [*COMMAND, "-"], env=settings, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1
        )
        assert running.stdin is not None
        assert running.stderr is not None
        running.stdin.write('{"text": "before"}\nthis line is answered\n')
        while "<stdin>:2:" not in running.stderr.readline():
            pass
        deadline = time.monotonic() + 20
        while not lying_on_the_topic(settings) and time.monotonic() < deadline:
            time.sleep(0.1)
        broker.kill()
        running.stdin.write('{"text": "after"}\n')
        said = running.communicate(timeout=90)[1]
    assert running.returncode == 4
    assert "read 3, produced 2, confirmed 1, malformed 1, not confirmed 1" in said
    assert "took 1 of 2 records, then failed: no confirmation within 30 s" in said


@pytest.mark.parametrize("no_colour", ["", "1"])
def test_a_terminal_sees_progress_and_colours_only_if_wanted(
    run: Run, settings: dict[str, str], tmp_path: Path, no_colour: str
) -> None:
    run("-", given="")  # makes the topic, which would be logged
    controller, terminal = pty.openpty()
    path = archive(tmp_path / "a.jsonl", 3000, length=2000)
    running = subprocess.Popen(
        [*COMMAND, path],
        env={**settings, "TERM": "xterm-256color", **({"NO_COLOR": no_colour} if no_colour else {})},
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(controller, 65536)
        except OSError:  # the other end is closed
            break
    os.close(controller)
    assert running.wait(30) == 0
    assert b"of 3,000 confirmed" in shown
    assert b"read 3,000, produced 3,000, confirmed 3,000" in shown
    assert (b"\x1b[3" in shown) == (not no_colour)


def test_with_a_checkpoint_the_next_run_sends_only_what_is_new(
    run: Run, settings: dict[str, str], tmp_path: Path
) -> None:
    path, mark = tmp_path / "a.jsonl", str(tmp_path / "state" / "mark.json")
    first = run(archive(path, 300), "--checkpoint", mark)
    assert first.returncode == 0, first.stderr
    again = run(str(path), "--checkpoint", mark)
    assert again.returncode == 0, again.stderr
    assert "read 0 after 300 of before, produced 0" in again.stderr
    archive(path, 320)
    grown = run(str(path), "--checkpoint", mark)
    assert "read 20 after 300 of before, produced 20" in grown.stderr, grown.stderr
    assert lying_on_the_topic(settings) == 320


def test_a_checkpoint_of_another_archive_is_refused(run: Run, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark.json")
    run(archive(tmp_path / "a.jsonl", 3), "--checkpoint", mark)
    other = run(archive(tmp_path / "b.jsonl", 3, length=100), "--checkpoint", mark)
    assert other.returncode == 5
    assert "mark.json: it is of another archive" in other.stderr
    piped = run("-", "--checkpoint", mark, given="")
    assert piped.returncode == 5
    assert "cannot be read again" in piped.stderr


def test_a_killed_producer_goes_on_where_kafka_confirmed(settings: dict[str, str], tmp_path: Path) -> None:
    path, mark = archive(tmp_path / "a.jsonl", 60_000, length=2_000), tmp_path / "mark.json"
    command = [*COMMAND, path, "--checkpoint", str(mark)]
    with subprocess.Popen(command, env=settings, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not mark.exists() or not json.loads(mark.read_text())["rows"]:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    done = subprocess.run(command, env=settings, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(mark.read_text())["rows"].values()
    assert row[1:] == [60_000, [], True]
    assert " of before, produced " in done.stderr
    assert lying_on_the_topic(settings) >= 60_000


def test_a_table_by_its_columns_and_mail_from_standard_input(
    run: Run, settings: dict[str, str], tmp_path: Path
) -> None:
    table = tmp_path / "stories.csv"
    table.write_text("headline,body,filed\nHarbour,Ships came.,1 March 2026\nNo text,,\nToo,many,2026-03-01,cells\n")
    found = run(str(table), "--columns", "title=headline,text=body,published_at=filed")
    assert found.returncode == 1
    assert f"{table}:4: 4 cells in a table of 3 columns" in found.stderr
    assert "produced 2, confirmed 2, malformed 1" in found.stderr
    found = run("-", "--format", "mbox", given="From a\nSubject: Harbour\n\nShips came.\n")
    assert found.returncode == 0, found.stderr
    assert lying_on_the_topic(settings) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--columns", "headline=x"), "an article has no field 'headline'"), (("--format", "pdf"), "is not one of")],
)
def test_a_wrong_table_or_format_is_wrong_usage(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "a.csv").write_text("text\nx\n")
    found = run(str(tmp_path / "a.csv"), *arguments)
    assert found.returncode == 2
    assert said in " ".join(found.stderr.replace("│", " ").split())
