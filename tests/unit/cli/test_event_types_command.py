"""`tocsin event-types`: the ontology in force, where each trigger stands, and what is wrong with a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from workers.cli import app
from workers.cli.event_types import event_types
from workers.errors import ConfigurationError, InputError
from workers.settings import Settings
from workers.watch.event_types import DEFAULT_EVENT_TYPES

OWN = """\
types:
  port_closure:
    description: a port is shut
    plover: SANCTION
    yields_to: [relations_cut]
    triggers:
      - verbs: [close, shut, "seal off"]
        object|subject: [port, $harbours]
        not subject: [film]
      - {nouns: [closure], of: [port], only_in: title}
    exclude: [port of call]
lists:
  harbours: [harbour, harbor]
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[str, str]]:
    for name in ("TOCSIN_ONTOLOGY", "TOCSIN_MODEL", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text(OWN, "utf-8")

    def _run(*arguments: str, code: int = 0, error: type[Exception] | None = None, **env: str) -> tuple[str, str]:
        result = CliRunner().invoke(app, ["event-types", *arguments], env={"COLUMNS": "120", **env})
        if error is not None:
            assert isinstance(result.exception, error), result.output
            return str(result.exception), ""
        assert result.exit_code == code, result.output
        return result.stdout, result.stderr

    return _run


def test_the_list_has_every_type_with_its_codes_and_marks_a_users_own(run: Callable[..., tuple[str, str]]) -> None:
    shown, _ = run("list", "--ontology", "own.yaml")
    rows = {line.split()[0]: line for line in shown.splitlines()[1:] if line and not line.startswith(" ")}
    assert rows["port_closure"].rstrip().split(maxsplit=4) == [
        "port_closure",
        "SANCTION",
        "-",
        "2",
        "a port is shut (own.yaml)",
    ]
    assert "MOBILIZE" in rows["missile_launch"]
    assert "own.yaml" not in rows["missile_launch"]


def test_one_type_is_shown_as_it_was_written_with_file_and_line(run: Callable[..., tuple[str, str]]) -> None:
    shown, _ = run("show", "port_closure", TOCSIN_ONTOLOGY="own.yaml")
    lines = [line.strip() for line in shown.splitlines()]
    for wanted in (
        "port_closure  a port is shut",
        "PLOVER SANCTION, CAMEO -",
        "yields to: relations_cut",
        "excluded phrases: port of call",
        "own.yaml:7  confidence 0.85",
        "verbs: close, shut, seal off",
        "object|subject: port, $harbours",
        "not subject: film",
        "own.yaml:10  confidence 0.75, only in the title",
    ):
        assert wanted in lines


def test_an_unknown_type_is_told_with_the_nearest(run: Callable[..., tuple[str, str]]) -> None:
    message, _ = run("show", "sumit", error=InputError)
    assert "Did you mean summit?" in message


def test_a_sound_file_is_told_with_what_it_adds(run: Callable[..., tuple[str, str]]) -> None:
    shown, told = run("check", "own.yaml")
    assert shown == ""
    assert told == "1 file, no mistake; triggers for port_closure.\n"


def test_mistakes_are_told_one_a_line_with_exit_code_3(run: Callable[..., tuple[str, str]], tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("tipes: {}\nlists: {fish: cod}\n", "utf-8")
    shown, told = run("check", "own.yaml", code=3)
    assert [line.split(" ")[0] for line in shown.splitlines()] == ["own.yaml:1:1:", "own.yaml:2:15:"]
    assert told == "1 file, 2 mistakes.\n"
    run("list", "--ontology", "own.yaml", error=ConfigurationError)
    run("check", "gone.yaml", error=InputError)
    run("check", error=InputError)


def test_the_list_that_watching_keeps_is_the_built_in_ontologys() -> None:
    built_in = event_types(Settings(ontology=None))
    assert sorted(built_in.names ^ DEFAULT_EVENT_TYPES.names) == [], (
        "workers/watch/event_types.py: then `make generate`"
    )
    assert sorted(built_in.symmetric ^ DEFAULT_EVENT_TYPES.symmetric) == []
