"""The size check finds what it promises to find."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import lint_sizes


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for folder in lint_sizes.FOLDERS:
        (tmp_path / folder).mkdir()
    return tmp_path


def function(name: str, lines: int, *, decorated: bool = False) -> str:
    body = "\n".join(f"    x{n} = {n}" for n in range(lines - 1))
    return ("@staticmethod\n" if decorated else "") + f"def {name}():\n{body}\n"


def test_nothing_is_said_of_what_is_short(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "workers" / "a.py").write_text("x = 1\n" * 400)
    (checkout / "topics" / "b.py").write_text(function("f", 40, decorated=True))
    assert lint_sizes.main(checkout) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["topics/a.py", "workers/watch/a.lua", "tests/unit/deep/test_a.py"])
def test_a_long_file_fails_wherever_it_lies(checkout: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    path = checkout / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n" * 401)
    assert lint_sizes.main(checkout) == 1
    assert f"{name}:1: the file has 401 lines; at most 400" in capsys.readouterr().out


def test_functions_over_forty_are_noted_and_over_sixty_fail(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkout / "workers" / "a.py").write_text(function("noted", 60) + "async " + function("failed", 61))
    assert lint_sizes.main(checkout) == 1
    told = capsys.readouterr().out.splitlines()
    assert told == [
        "note: workers/a.py:1: noted() has 60 lines; the aim is 40",
        "error: workers/a.py:61: failed() has 61 lines; at most 60: split it by what it is about",
    ]


def test_methods_and_inner_functions_are_measured(checkout: Path) -> None:
    body = "\n".join("        x = 1" for _ in range(70))
    (checkout / "topics" / "a.py").write_text(f"class A:\n    def f(self):\n{body}\n        def g(): pass\n")
    assert [found.name for found in lint_sizes.long_functions(checkout, 60)] == ["f()"]


def test_functions_of_tests_and_hidden_folders_are_left_alone(checkout: Path) -> None:
    (checkout / "tests" / "test_a.py").write_text(function("test_journey", 90))
    (checkout / "workers" / "__pycache__").mkdir()
    (checkout / "workers" / "__pycache__" / "a.py").write_text("\n" * 500)
    (checkout / "workers" / ".cache").mkdir()
    (checkout / "workers" / ".cache" / "a.py").write_text("\n" * 500)
    assert lint_sizes.main(checkout) == 0
