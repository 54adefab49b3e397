"""Apache Kafka's jars, fetched once by Maven into the checkout's `.cache` and shared by all test runs."""

from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.rig.process import CannotStart

HERE = Path(__file__).resolve().parent / "kafka_jars"
CACHE = Path(__file__).resolve().parents[2] / ".cache" / "kafka"

FETCH_SECONDS = 600.0


@cache
def kafka_version() -> str:
    """The version in the pom, for example `4.1.0`."""
    found = re.search(r"<kafka\.version>([^<]+)<", (HERE / "pom.xml").read_text("utf-8"))
    if found is None:
        raise ValueError(f"{HERE / 'pom.xml'} names no <kafka.version>")
    return found.group(1)


def kafka_jars() -> Path:
    """The folder of jars, fetched if it is not there yet. Raises CannotStart if Maven is missing or fails."""
    folder = CACHE / kafka_version()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        # Two test runs in one checkout must not fetch into the same folder.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(folder)
    return folder


def _fetch(folder: Path) -> None:
    mvn = shutil.which("mvn")
    if mvn is None:
        raise CannotStart(
            f"Maven (mvn) is needed to fetch Apache Kafka {kafka_version()} and is not on the PATH. "
            "Install it: `apt-get install maven`, or run tests/rig/ci_setup.sh."
        )
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    command = [mvn, "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies"]
    command += [f"-DoutputDirectory={partial}", "-DincludeScope=runtime"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise CannotStart(
            f"Maven did not fetch Apache Kafka in {FETCH_SECONDS:.0f} s. Is its registry reachable?"
        ) from error
    if done.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        said = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise CannotStart(f"Maven could not fetch Apache Kafka {kafka_version()} (code {done.returncode}):\n{said}")
    partial.rename(folder)
