"""Alerts on a terminal and in a file."""

from __future__ import annotations

import io
import json
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.samples import make_alert, make_evidence
from workers.notify.receivers import file, terminal


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_plain_lines_hold_sentence_outlet_time_and_link() -> None:
    assert terminal.render_plain(make_alert()) == (
        "HIGH: Launch plus summit\n"
        "  actor XN\n"
        "  2026-03-01 12:00 UTC to 2026-03-01 13:00 UTC (window 48h)\n"
        "  1 article, 1 story, 1 source · pattern launch-plus-summit · alert al1\n"
        "  - “A rocket rose over the bay.”\n"
        "    Bay Wire, 2026-03-01 12:00 UTC · launch · Rocket over the bay\n"
        "    https://wire.example/a1\n"
    )


def test_a_panel_keeps_words_and_markup_as_they_are() -> None:
    alert = make_alert(title="[bold red]Boom[/] :rocket:", evidence=(make_evidence("It [link=x]rose[/link] fast."),))
    shown = terminal.render_panel(alert, width=100, colour=False)
    assert "[bold red]Boom[/] :rocket:" in shown
    assert "It [link=x]rose[/link] fast." in shown
    assert "\x1b" not in shown


def test_the_trigger_is_set_in_bold_on_a_colour_terminal() -> None:
    assert "\x1b[1mrose\x1b[0m" in terminal.render_panel(make_alert(), colour=True)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200), st.integers(20, 200))
def test_no_text_from_outside_moves_the_cursor(text: str, width: int) -> None:
    alert = make_alert(title=text, description=text, evidence=(make_evidence(text, title=text, url=text, source=text),))
    for shown in (terminal.render_plain(alert), terminal.render_panel(alert, width=width, colour=False)):
        assert not {c for c in shown if (ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 or c == "\u202e"}


def test_lines_for_a_pipe_a_panel_for_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, tty = io.StringIO(), Tty()
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal.write(make_alert(), stream=pipe)
    terminal.write(make_alert(), stream=tty)
    assert pipe.getvalue() == terminal.render_plain(make_alert())
    assert "╭" in tty.getvalue()
    assert "\x1b[" in tty.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    sober = Tty()
    terminal.write(make_alert(), stream=sober)
    assert "\x1b[3" not in sober.getvalue()


def test_a_terminal_without_the_letters_still_rings() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    terminal.write(make_alert(title="Überfall"), stream=stream)
    assert b"HIGH: ?berfall" in raw.getvalue()


def test_a_closed_stream_is_an_os_error() -> None:
    stream = io.StringIO()
    stream.close()
    with pytest.raises(OSError, match="closed"):
        terminal.write(make_alert(), stream=stream)


def test_a_line_is_the_payload_with_its_id() -> None:
    line = file.render(make_alert(title="a\nb"))
    assert line.count(b"\n") == 1
    found = json.loads(line)
    assert (found["id"], found["type"], found["data"]["title"]) == ("alert_al1_firing", "alert.firing", "a\nb")


def test_lines_are_appended_and_folders_made(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "alerts.jsonl"
    for name in ("a", "b"):
        file.append(path, file.render(make_alert(name)))
    assert [json.loads(line)["data"]["id"] for line in path.read_text().splitlines()] == ["a", "b"]
    assert path.stat().st_mode & 0o007 == 0


def test_a_line_torn_by_a_crash_does_not_swallow_the_next(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"id": "torn')
    file.append(path, file.render(make_alert()))
    torn, whole = path.read_bytes().splitlines()
    assert torn == b'{"id": "torn'
    assert json.loads(whole)["data"]["id"] == "al1"


def test_many_writers_keep_their_lines_apart(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    big = make_alert(description="x" * 50_000)

    def write() -> None:
        for _ in range(10):
            file.append(path, file.render(big))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [json.loads(line)["data"]["id"] for line in path.read_bytes().splitlines()] == ["al1"] * 40


def test_a_place_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"Not a directory|exists"):
        file.append(tmp_path / "file" / "alerts.jsonl", b"x\n")
    if Path("/dev/full").exists():
        with pytest.raises(OSError, match="No space left"):
            file.append(Path("/dev/full"), b"x\n")
