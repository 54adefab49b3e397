"""tests/rig/ci_setup.sh on machines that lack this or that: a folder of pretended programs is its whole PATH."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "rig" / "ci_setup.sh"
PROGRAMS = {
    "redis-server": "",
    "chromium": "",
    "java": "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2",
    "mvn": "",
}


class Machine:
    """A PATH with the tools of every Debian, and what a test adds."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "bin"
        self.path.mkdir()
        self.said = folder / "apt-said"
        for tool in ("sed", "head", "tail", "tr", "mktemp", "rm", "env", "cat", "chmod"):
            found = shutil.which(tool)
            assert found
            (self.path / tool).symlink_to(found)
        self.add("id", "echo 0")

    def add(self, name: str, body: str = "") -> None:
        program = self.path / name
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)

    def add_apt(self, *, brings: dict[str, str], code: int = 0) -> None:
        """An apt-get that notes its orders, and brings programs by `install`."""
        making = "\n".join(
            f"cat > {self.path}/{name} <<'END'\n#!/bin/sh\n{body}\nEND\nchmod 755 {self.path}/{name}"
            for name, body in brings.items()
        )
        self.add(
            "apt-get",
            f'echo "$@" >> {self.said}\ncase "$*" in *install*)\n:\n{making}\n;; esac\n'
            f"[ {code} = 0 ] || echo 'E: Unable to fetch some archives'\nexit {code}",
        )

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", str(SCRIPT)], env={"PATH": str(self.path)}, capture_output=True, text=True, check=False
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_that_has_everything_is_left_alone(machine: Machine) -> None:
    for name, body in PROGRAMS.items():
        machine.add(name, body)
    machine.add_apt(brings={})
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not machine.said.exists()


def test_a_fresh_machine_gets_all_of_it_and_hears_nothing(machine: Machine) -> None:
    machine.add_apt(brings=PROGRAMS)
    done = machine.run()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    update, install = machine.said.read_text().splitlines()
    assert update.endswith("update")
    assert install.endswith("redis-server chromium default-jre-headless maven")


@pytest.mark.parametrize("lacking", ["redis-server", "chromium", "mvn"])
def test_only_what_is_missing_is_installed(machine: Machine, lacking: str) -> None:
    for name, body in PROGRAMS.items():
        if name != lacking:
            machine.add(name, body)
    machine.add_apt(brings=PROGRAMS)
    assert machine.run().returncode == 0
    packages = machine.said.read_text().splitlines()[1].split("--no-install-recommends")[1].split()
    assert packages == ["maven" if lacking == "mvn" else lacking]


def test_an_old_java_counts_as_none(machine: Machine) -> None:
    for name, body in PROGRAMS.items():
        machine.add(name, body)
    machine.add("java", "echo 'java version \"1.8.0_391\"' >&2")
    machine.add_apt(brings={})
    done = machine.run()
    assert done.returncode == 1
    assert "installed, but still not usable: default-jre-headless" in done.stderr


def test_a_failing_apt_is_told_with_its_own_words(machine: Machine) -> None:
    machine.add_apt(brings={}, code=100)
    done = machine.run()
    assert done.returncode == 1
    assert "E: Unable to fetch some archives" in done.stderr
    assert "apt-get update failed while installing: redis-server chromium" in done.stderr


def test_without_apt_the_missing_parts_are_named(machine: Machine) -> None:
    done = machine.run()
    assert done.returncode == 1
    assert "missing: redis-server chromium default-jre-headless maven" in done.stderr


def test_without_root_and_sudo_it_says_so(machine: Machine) -> None:
    machine.add("id", "echo 1000")
    machine.add_apt(brings=PROGRAMS)
    done = machine.run()
    assert done.returncode == 1
    assert "run this as root" in done.stderr
