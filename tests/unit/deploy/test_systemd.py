"""deploy/systemd: valid units, hardened, that run commands and settings that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import get_args

import pytest

from topics.rejects import Step
from workers.local.stack import PERFORMANCE_ENV
from workers.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[3]
SYSTEMD = CHECKOUT / "deploy" / "systemd"
SERVICES = ["tocsin@.service", "tocsin-topics.service"]

HARDENED = {
    "DynamicUser": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectControlGroups": "yes",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
}


def directives(name: str) -> list[tuple[str, str, str]]:
    """Section, directive, value; a directive may come more than once."""
    found = []
    section = ""
    for line in (SYSTEMD / name).read_text("utf-8").splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.append((section, key, value))
    return found


def values(name: str, directive: str) -> list[str]:
    return [value for _, key, value in directives(name) if key == directive]


def environment(name: str) -> dict[str, str]:
    return dict(pair.split("=", 1) for value in values(name, "Environment") for pair in value.split())


@pytest.mark.parametrize("name", SERVICES)
def test_units_are_hardened(name: str) -> None:
    service = {key: value for section, key, value in directives(name) if section == "Service"}
    assert {key: service.get(key) for key in HARDENED} == HARDENED
    assert {"MemoryMax", "TasksMax", "RestrictAddressFamilies", "SystemCallFilter"} <= set(service)


def test_a_step_is_restarted_for_ever_and_may_drain() -> None:
    assert values("tocsin@.service", "Restart") == ["always"]
    assert values("tocsin@.service", "StartLimitIntervalSec") == ["0"]
    (stop,) = values("tocsin@.service", "TimeoutStopSec")
    assert float(stop.removesuffix("s")) >= float(environment("tocsin@.service")["TOCSIN_DRAIN_SECONDS"]) + 10


def test_the_target_wants_every_step_and_the_topics() -> None:
    (wanted,) = values("tocsin.target", "Wants")
    steps = {f"tocsin@{step}.service" for step in (*get_args(Step), "feeds")}
    assert set(wanted.split()) == {"tocsin-topics.service", *steps}


def test_the_commands_are_ours() -> None:
    assert values("tocsin@.service", "ExecStart") == ["/opt/tocsin/bin/tocsin worker %i"]
    assert values("tocsin-topics.service", "ExecStart") == ["/opt/tocsin/bin/tocsin topics create"]


def test_settings_are_known_and_the_environment_is_that_of_tocsin_up() -> None:
    known = {f"TOCSIN_{field.upper()}" for field in Settings.model_fields} | {"TOCSIN_STATE_DIR"}
    example = (SYSTEMD / "tocsin.env.example").read_text("utf-8")
    named = set(re.findall(r"^#? ?(TOCSIN_\w+)=", example, re.MULTILINE))
    assert len(named) >= 5
    for name in SERVICES:
        named |= {variable for variable in environment(name) if variable.startswith("TOCSIN_")}
    assert named <= known
    assert environment("tocsin@.service").items() >= PERFORMANCE_ENV.items()


def test_systemd_itself_finds_no_fault(tmp_path: Path) -> None:
    """Where systemd is at hand; elsewhere the tests above must do."""
    for path in SYSTEMD.iterdir():
        text = path.read_text("utf-8").replace("/opt/tocsin/bin/tocsin", "/bin/true")
        (tmp_path / path.name).write_text(text)
    for step in (*get_args(Step), "feeds"):
        shutil.copy(tmp_path / "tocsin@.service", tmp_path / f"tocsin@{step}.service")
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return
    units = [str(path) for path in sorted(tmp_path.iterdir()) if path.suffix in {".service", ".target"}]
    checked = [unit for unit in units if not unit.endswith("@.service")]
    done = subprocess.run([analyze, "verify", *checked], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
