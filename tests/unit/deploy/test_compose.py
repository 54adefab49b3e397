"""docker-compose.yml: valid by the compose schema, runs commands that exist, pinned, hardened, bounded."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any, get_args

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest
import yaml

from tests.rig.jars import kafka_version
from tests.unit.deploy.command_line import parse
from topics.rejects import Step
from workers.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[3]
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if "build" in service]
STEPS = [name for name in OURS if SERVICES[name]["command"][0] == "worker"]
LASTING = [name for name, service in SERVICES.items() if service["restart"] != "no"]

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_DURATION = re.compile(r"^(\d+)s$")
_OTHER_THAN_SETTINGS = {"TOCSIN_STATE_DIR"}


def interpolated(text: str) -> str:
    """`text` as compose sees it when no variable is set."""
    return _VARIABLE.sub(lambda found: found[2] or "", text).replace("$$", "$")


def settings_of(service: str) -> dict[str, str]:
    environment: dict[str, Any] = SERVICES[service]["environment"]
    return {name: interpolated(str(value)) for name, value in environment.items()}


def seconds(duration: str) -> int:
    found = _DURATION.match(duration)
    assert found, f"{duration!r}: write it in seconds"
    return int(found[1])


def test_the_file_is_valid_by_the_compose_schema() -> None:
    package = importlib.util.find_spec("check_jsonschema")
    assert package is not None
    assert package.submodule_search_locations
    folder = Path(package.submodule_search_locations[0]) / "builtin_schemas" / "vendor"
    schema = json.loads((folder / "compose-spec.json").read_text("utf-8"))
    jsonschema.validate(COMPOSE, schema, cls=jsonschema.validators.validator_for(schema))


def test_every_variable_has_a_default() -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text("utf-8")
    without = [found[1] for found in _VARIABLE.finditer(text) if found[2] is None]
    assert without == []


def test_every_step_has_a_service() -> None:
    assert {SERVICES[name]["command"][1] for name in STEPS} == {*get_args(Step), "feeds"}


@pytest.mark.parametrize("name", OURS)
def test_the_command_is_one_of_ours(name: str) -> None:
    assert parse(SERVICES[name]["command"])


@pytest.mark.parametrize("name", OURS)
def test_settings_are_known_and_valid(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = settings_of(name)
    known = {f"TOCSIN_{field.upper()}" for field in Settings.model_fields} | _OTHER_THAN_SETTINGS
    assert set(given) <= known
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    settings = Settings()
    assert settings.require_kafka() == "kafka:9092"
    assert settings.require_redis().startswith("redis://redis:6379/")


def test_all_services_of_ours_agree_on_their_settings() -> None:
    common = settings_of("topics").items()
    for name in OURS:
        assert common <= settings_of(name).items(), name


def test_one_image_is_built_from_one_dockerfile() -> None:
    assert {json.dumps(SERVICES[name]["build"], sort_keys=True) for name in OURS} == {
        json.dumps({"context": ".", "dockerfile": "deploy/docker/Dockerfile"})
    }
    assert (CHECKOUT / "deploy/docker/Dockerfile").is_file()
    assert len({SERVICES[name]["image"] for name in OURS}) == 1


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    tag = interpolated(SERVICES[name]["image"]).rpartition(":")[2]
    assert re.match(r"^v?\d+\.\d+\.\d+(-\w+)?$", tag), f"{tag!r} is not one version"


def test_kafka_is_the_version_that_the_tests_run_on() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{kafka_version()}"


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_runs_as_root_or_can_become_it(name: str) -> None:
    service = SERVICES[name]
    assert str(service["user"]).partition(":")[0] not in {"", "0", "root"}
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    assert "cap_add" not in service


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "kafka"])
def test_the_root_file_system_is_read_only(name: str) -> None:
    assert SERVICES[name]["read_only"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_may_take_is_bounded(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert {"cpus", "memory", "pids"} <= set(limits)
    assert {"max-size", "max-file"} <= set(service["logging"]["options"])
    assert service["init"] is True


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_service_is_restarted_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]
    assert seconds(service["healthcheck"]["timeout"]) <= seconds(service["healthcheck"]["interval"])


def test_commands_that_end_are_not_restarted_nor_watched() -> None:
    ending = set(SERVICES) - set(LASTING)
    assert ending == {"topics", "cli"}
    for name in ending:
        assert SERVICES[name]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_may_drain_before_it_is_killed(name: str) -> None:
    drain = float(settings_of(name)["TOCSIN_DRAIN_SECONDS"])
    assert seconds(SERVICES[name]["stop_grace_period"]) >= drain + 10


@pytest.mark.parametrize("name", STEPS)
def test_a_step_starts_after_topics_and_redis(name: str) -> None:
    assert SERVICES[name]["depends_on"] == {
        "topics": {"condition": "service_completed_successfully"},
        "redis": {"condition": "service_healthy"},
    }


def test_ports_are_open_on_loopback_only() -> None:
    ports = [interpolated(port) for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_only_notify_and_feeds_reach_out() -> None:
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    assert [name for name in STEPS if "outer" in SERVICES[name]["networks"]] == ["notify", "feeds"]
    assert SERVICES["redis"]["networks"] == ["inner"]


def test_secrets_of_receivers_are_seen_where_they_are_needed_only() -> None:
    seeing = {name: service["env_file"] for name, service in SERVICES.items() if "env_file" in service}
    secrets, of_feeds = [{"path": "secrets.env", "required": False}], [{"path": "feeds.env", "required": False}]
    assert seeing == {"notify": secrets, "cli": secrets, "feeds": of_feeds}
    assert SERVICES["cli"]["networks"] == ["inner"], "what sees secrets and is not notify has no way out"


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_mounted_exists(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source = interpolated(mount).split(":")[0]
        if source.startswith("."):
            assert (CHECKOUT / source).exists(), mount
            assert mount.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


def test_redis_keeps_what_it_acknowledged_and_never_drops_a_key() -> None:
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--maxmemory-policy"] == "noeviction"


def test_kafka_makes_no_topic_by_itself_and_keeps_its_data_on_a_volume() -> None:
    kafka = SERVICES["kafka"]
    environment = kafka["environment"]
    assert environment["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka["volumes"] == [f"kafka:{environment['KAFKA_LOG_DIRS']}"]
    listeners = {part.split("://")[0] for part in environment["KAFKA_LISTENERS"].split(",")}
    protocols = {part.split(":")[0] for part in environment["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")}
    assert listeners == protocols
