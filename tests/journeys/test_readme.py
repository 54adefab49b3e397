"""Every command in the README runs as it stands there, with `tocsin up` beside it as the README says."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rig.feed_server import feed_server

ROOT = Path(__file__).resolve().parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")

SERVED_ELSEWHERE = {
    "tocsin up": "runs beside the others, in the fixture",
    "tocsin worker annotate": "a process without end; tests/unit/test_deploy.py starts it as compose does",
    "tocsin worker feeds": "a process without end; tests/unit/feeds/test_subscriptions_command.py runs it",
    "export": "settings of somebody's own servers",
}
"""Commands that a test of their own runs, and where."""


OWN_TYPE = "## Add an event type of your own\n"
"""A section whose files and commands belong together; its test writes the files and runs the commands in order."""


def section(heading: str) -> str:
    """The text between `heading` and the next of its kind."""
    return README.split(heading, 1)[1].split("\n## ", 1)[0]


def console_commands(text: str) -> list[str]:
    """The lines after `$ ` in console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def named_files(text: str) -> dict[str, str]:
    """Blocks that a line with nothing but a file's name in bold stands before, by that name."""
    return dict(re.findall(r"^\*\*`([^`]+)`\*\*\n\n```\w+\n(.*?)```", text, flags=re.DOTALL | re.MULTILINE))


def runnable() -> list[str]:
    told = README.replace(section(OWN_TYPE), "")
    return [line for line in console_commands(told) if not line.startswith(tuple(SERVED_ELSEWHERE))]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """`tocsin up` in the background; the environment in which the other commands find it."""
    folder = tmp_path_factory.mktemp("readme")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "TOCSIN_STATE_DIR": str(folder), "PATH": path}
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(["tocsin", "up"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 120
        while not (folder / "up.json").exists():
            assert process.poll() is None, (folder / "up.log").read_text()
            assert time.monotonic() < deadline, (folder / "up.log").read_text()
            time.sleep(0.2)
        yield environment
        process.terminate()
        assert process.wait(60) == 0, (folder / "up.log").read_text()
    assert not (folder / "up.json").exists(), "the run file was left behind"


def test_the_readme_has_commands_to_run() -> None:
    assert len(runnable()) >= 8


@pytest.mark.parametrize("command", runnable())
def test_a_command_of_the_readme_runs(command: str, up: dict[str, str]) -> None:
    shell = shutil.which("bash")
    assert shell is not None
    done = subprocess.run(
        [shell, "-c", command], cwd=ROOT, env=up, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout or done.stderr


def test_the_pattern_of_the_readme_passes_its_own_tests(tmp_path: Path) -> None:
    (pattern,) = re.findall(r"```yaml\n(.*?)```", section("## Write a pattern\n"), flags=re.DOTALL)
    (tmp_path / "pattern.yaml").write_text(pattern)
    command = [sys.executable, "-m", "workers.cli", "patterns", "test", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_type_of_ones_own_from_nothing_to_a_ringing_pattern(tmp_path: Path) -> None:
    text = section(OWN_TYPE)
    files, commands = named_files(text), console_commands(text)
    assert list(files) == ["ports.yaml", "patterns/port-and-troops.yaml", "news.jsonl"]
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "TOCSIN_STATE_DIR": str(tmp_path / "state"), "PATH": path}
    shell = shutil.which("bash")
    assert shell is not None
    done = subprocess.run(
        [shell, "-e", "-c", "\n".join(commands)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    shown = re.sub(r"\s+", " ", done.stdout)
    for block in re.findall(r"```text\n(.*?)```", text, flags=re.DOTALL):
        for line in block.splitlines():
            if not line.strip().startswith("when"):  # counted from today
                assert re.sub(r"\s+", " ", line).strip() in shown
    assert shown.count("HIGH A port is closed and troops move: actor NO") == 1
    assert "2 articles = 2 annotated + 0 rejected; 0 malformed lines; 1 alert" in done.stderr


def test_the_commands_about_archives_run(up: dict[str, str], tmp_path: Path) -> None:
    text = (ROOT / "docs" / "archives.md").read_text("utf-8")
    sample = (ROOT / "deploy" / "examples" / "archive" / "wire.jsonl").read_bytes()
    (tmp_path / "news.jsonl.gz").write_bytes(gzip.compress(sample))
    (tmp_path / "last-week.jsonl").write_bytes(sample)
    (tmp_path / "stories.csv").write_text("headline,body,filed\nHarbour,Ships came.,1 March 2026\n", "utf-8")
    commands = console_commands(text)
    assert len(commands) >= 3
    shell = shutil.which("bash")
    assert shell is not None
    done = subprocess.run(
        [shell, "-e", "-c", "\n".join(commands)],
        cwd=tmp_path, env=up, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "news.mark").exists()
    assert "<svg" in (tmp_path / "report.html").read_text("utf-8")
    assert "119 articles into the live pipeline" in done.stderr


def test_the_component_of_the_readme_runs() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "[('missile_launch', 'actual', 'fired')]\n", done.stdout + done.stderr


def test_the_two_commands_are_what_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    for command in re.findall(r"^    (make \w+)", README, flags=re.MULTILINE):
        assert re.search(rf"^{command}$", script, flags=re.MULTILINE), f"{command} is not run by .ci/run"


def test_the_feed_command_of_the_readme_runs(up: dict[str, str], tmp_path: Path) -> None:
    assert "`tocsin feeds poll https://…/feed.xml`" in README
    with feed_server() as server:
        command = ["tocsin", "feeds", "poll", server.publish("/feed.xml", RSS), "--dry-run"]
        done = subprocess.run(command, cwd=ROOT, env=up, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "Ferry resumes" in done.stdout


RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour Post</title><item>
<title>Ferry resumes</title><guid>1</guid><description>The ferry sails again on Monday.</description>
<pubDate>Mon, 02 Mar 2026 09:00:00 GMT</pubDate></item></channel></rss>"""
