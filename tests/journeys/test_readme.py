"""Every command in the README runs as it stands there, with `tocsin up` beside it as the README says."""

from __future__ import annotations

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
    "export": "settings of somebody's own servers",
}
"""Commands that a test of their own runs, and where."""


def console_commands() -> list[str]:
    """The lines after `$ ` in the README's console blocks."""
    blocks = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def runnable() -> list[str]:
    return [line for line in console_commands() if not line.startswith(tuple(SERVED_ELSEWHERE))]


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
    (pattern,) = re.findall(r"```yaml\n(.*?)```", README, flags=re.DOTALL)
    (tmp_path / "pattern.yaml").write_text(pattern)
    command = [sys.executable, "-m", "workers.cli", "patterns", "test", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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
