"""deploy/kubernetes: the manifests agree with each other, with the image, with the settings and with compose."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from topics.names import FLOW, TopicNames
from topics.rejects import Step
from workers.feeds.subscriptions import load_subscriptions
from workers.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[3]
KUBERNETES = CHECKOUT / "deploy" / "kubernetes"
COMPOSE: dict[str, Any] = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text("utf-8"))
STEPS: tuple[str, ...] = get_args(Step)
SERVICES = (*STEPS, "feeds")


def documents(folder: str) -> list[dict[str, Any]]:
    """All objects of a folder, as its kustomization lists them."""
    kustomization = yaml.safe_load((KUBERNETES / folder / "kustomization.yaml").read_text("utf-8"))
    files = [name for name in kustomization["resources"] if name.endswith(".yaml")]
    found = [list(yaml.safe_load_all((KUBERNETES / folder / name).read_text("utf-8"))) for name in files]
    return [document for documents in found for document in documents]


BASE = documents("base")
SETTINGS = dict(
    line.split("=", 1)
    for line in (KUBERNETES / "base" / "settings.env").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)


def one(kind: str, name: str) -> dict[str, Any]:
    (found,) = [d for d in BASE if d["kind"] == kind and d["metadata"]["name"] == name]
    return found


def pods() -> list[tuple[str, dict[str, Any]]]:
    """Every pod's specification, by the name of what makes it."""
    return [(d["metadata"]["name"], d["spec"]["template"]["spec"]) for d in BASE if d["kind"] in {"Deployment", "Job"}]


POD_IDS = [name for name, _ in pods()]


@pytest.mark.parametrize("step", SERVICES)
def test_every_step_is_a_deployment_with_a_budget_over_the_same_pods(step: str) -> None:
    deployment = one("Deployment", f"tocsin-{step}")["spec"]
    budget = one("PodDisruptionBudget", f"tocsin-{step}")["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["selector"]["matchLabels"].items() <= labels.items()
    assert budget["selector"]["matchLabels"] == deployment["selector"]["matchLabels"]
    assert budget["maxUnavailable"] == 1
    assert deployment["replicas"] >= 2, "one process a step is no rest for the operator"


def test_labels_of_the_steps_tell_them_apart() -> None:
    selectors = [one("Deployment", f"tocsin-{step}")["spec"]["selector"]["matchLabels"] for step in SERVICES]
    assert len({tuple(sorted(selector.items())) for selector in selectors}) == len(SERVICES)


@pytest.mark.parametrize("step", SERVICES)
def test_a_step_runs_its_command_is_asked_for_its_health_and_may_drain(step: str) -> None:
    pod = one("Deployment", f"tocsin-{step}")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert container["args"] == COMPOSE["services"][step]["command"] == ["worker", step]
    (port,) = container["ports"]
    assert str(port["containerPort"]) == SETTINGS["TOCSIN_METRICS_PORT"]
    paths = {name: container[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert {probe["port"] for probe in paths.values()} == {port["name"]}
    assert [probe["path"] for probe in paths.values()] == ["/healthz", "/healthz", "/readyz"]
    assert pod["terminationGracePeriodSeconds"] >= float(SETTINGS["TOCSIN_DRAIN_SECONDS"]) + 10


def test_the_topics_are_made_by_a_job() -> None:
    (container,) = one("Job", "tocsin-topics")["spec"]["template"]["spec"]["containers"]
    assert container["args"] == COMPOSE["services"]["topics"]["command"]


@pytest.mark.parametrize(("name", "pod"), pods(), ids=POD_IDS)
def test_pods_meet_the_restricted_standard(name: str, pod: dict[str, Any]) -> None:
    security = pod["securityContext"]
    assert security["runAsNonRoot"] is True, name
    assert security["runAsUser"] >= 10000
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        inner = container["securityContext"]
        assert inner["allowPrivilegeEscalation"] is False
        assert inner["readOnlyRootFilesystem"] is True
        assert inner["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert container["resources"]["requests"]["cpu"]


@pytest.mark.parametrize(("name", "pod"), pods(), ids=POD_IDS)
def test_pods_run_as_the_user_of_the_image(name: str, pod: dict[str, Any]) -> None:
    dockerfile = (CHECKOUT / "deploy" / "docker" / "Dockerfile").read_text("utf-8")
    security = pod["securityContext"]
    assert f"USER {security['runAsUser']}:{security['runAsGroup']}\n" in dockerfile, name


@pytest.mark.parametrize(("name", "pod"), pods(), ids=POD_IDS)
def test_pods_take_settings_from_the_map_and_secrets_from_the_secret(name: str, pod: dict[str, Any]) -> None:
    for container in pod["containers"]:
        assert container["envFrom"] == [
            {"configMapRef": {"name": "tocsin-settings"}},
            {"secretRef": {"name": "tocsin-secrets"}},
        ], name
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
        assert "tmp" in mounted, "the root file system is read-only"


def test_settings_are_known_and_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(SETTINGS) <= {f"TOCSIN_{field.upper()}" for field in Settings.model_fields}
    assert "TOCSIN_REDIS_URL" not in SETTINGS, "it may hold a password: it belongs to the Secret"
    for variable, value in SETTINGS.items():
        monkeypatch.setenv(variable, value)
    assert Settings().replication_factor == 3


@pytest.mark.parametrize("step", STEPS)
def test_scaling_looks_at_the_groups_and_topics_that_the_steps_use(step: str) -> None:
    (scaled,) = [d for d in documents("keda") if d["metadata"]["name"] == f"tocsin-{step}"]
    assert scaled["spec"]["scaleTargetRef"]["name"] == one("Deployment", f"tocsin-{step}")["metadata"]["name"]
    (trigger,) = scaled["spec"]["triggers"]
    found = trigger["metadata"]
    names = TopicNames(SETTINGS["TOCSIN_NAMESPACE"])
    inputs = dict(zip(STEPS, FLOW, strict=False))
    assert found["bootstrapServers"] == SETTINGS["TOCSIN_KAFKA_BOOTSTRAP_SERVERS"]
    assert found["consumerGroup"] == f"{names.namespace}.{step}"
    assert found["topic"] == names.of(inputs[step])
    assert found["offsetResetPolicy"] == "earliest"
    assert 1 <= scaled["spec"]["minReplicaCount"] <= scaled["spec"]["maxReplicaCount"]
    assert scaled["spec"]["maxReplicaCount"] <= int(SETTINGS["TOCSIN_PARTITIONS"]), "more than partitions would idle"


def test_only_notify_and_feeds_reach_the_internet() -> None:
    everybody = one("NetworkPolicy", "tocsin")["spec"]
    assert set(everybody["policyTypes"]) == {"Ingress", "Egress"}
    anywhere = [rule for rule in everybody["egress"] if "to" not in rule]
    assert [{port["port"] for port in rule["ports"]} for rule in anywhere] == [{53}]
    policies = {d["metadata"]["name"] for d in BASE if d["kind"] == "NetworkPolicy"}
    assert policies == {"tocsin", "tocsin-notify", "tocsin-feeds"}
    for name in policies - {"tocsin"}:
        labels = one("Deployment", name)["spec"]["template"]["metadata"]["labels"]
        assert one("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_the_example_names_files_that_exist_and_versions_that_are_pinned() -> None:
    example = yaml.safe_load((KUBERNETES / "example" / "kustomization.yaml").read_text("utf-8"))
    for name in [*example["resources"], *example["components"]]:
        assert (KUBERNETES / "example" / name).exists(), name
    generated = {entry["name"]: entry for entry in example["configMapGenerator"]}
    for name in generated["tocsin-rules"]["files"]:
        assert (KUBERNETES / "example" / name).is_file()
    named = dict(literal.split("=", 1) for literal in generated["tocsin-settings"]["literals"])
    assert set(named) <= {f"TOCSIN_{field.upper()}" for field in Settings.model_fields}
    for variable in ("TOCSIN_PATTERNS", "TOCSIN_RECEIVERS", "TOCSIN_FEEDS"):
        assert named[variable].removeprefix("/etc/tocsin/") in generated["tocsin-rules"]["files"]
    assert [image["newTag"] for image in example["images"]] == ["0.1.0"]


@pytest.mark.parametrize("command", ["check", "test"])
def test_the_patterns_of_the_example_are_sound(command: str) -> None:
    words = [sys.executable, "-m", "workers.cli", "patterns", command]
    done = subprocess.run(
        [*words, str(KUBERNETES / "example" / "patterns.yaml")],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_receivers_of_the_example_are_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_DESK_SLACK_URL", "https://hooks.slack.example/services/x")
    monkeypatch.setenv("TOCSIN_OPS_WEBHOOK_URL", "https://ops.example/hook")
    monkeypatch.setenv("TOCSIN_OPS_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("TOCSIN_RECEIVERS", str(KUBERNETES / "example" / "receivers.yaml"))
    words = [sys.executable, "-m", "workers.cli", "notify", "list"]
    done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "desk-slack" in done.stdout
    assert "ops-webhook" in done.stdout


def test_the_feeds_of_the_example_are_sound() -> None:
    assert load_subscriptions(KUBERNETES / "example" / "feeds.yaml").feeds


@pytest.mark.parametrize("folder", ["base", "example"])
def test_kustomize_itself_finds_no_fault(folder: str) -> None:
    """Where kubectl is at hand; elsewhere the tests above must do."""
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        return
    done = subprocess.run([kubectl, "kustomize", str(KUBERNETES / folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    objects = list(yaml.safe_load_all(done.stdout))
    assert {d["metadata"]["name"] for d in objects if d["kind"] == "Deployment"} == {f"tocsin-{s}" for s in SERVICES}
    if folder == "example":
        deployments = [d for d in objects if d["kind"] == "Deployment"]
        fixed = [d["metadata"]["name"] for d in deployments if "replicas" in d["spec"]]
        assert fixed == ["tocsin-feeds"], "of the others KEDA decides"
        assert all(d["metadata"]["namespace"] == "tocsin" for d in objects if d["kind"] != "Namespace")
