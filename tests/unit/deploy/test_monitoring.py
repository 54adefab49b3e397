"""deploy/prometheus and deploy/grafana: every metric, label and label value that they name exists."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client import REGISTRY, Counter, Histogram
from prometheus_client.metrics import MetricWrapperBase

from topics.alerts import AlertState
from topics.annotations import Status
from topics.deliveries import Outcome
from topics.rejects import Step
from workers import metrics
from workers.feeds import tally

CHECKOUT = Path(__file__).resolve().parents[3]
PROMETHEUS = CHECKOUT / "deploy" / "prometheus"
GRAFANA = CHECKOUT / "deploy" / "grafana"

CONFIG: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "tocsin.rules.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "dashboards" / "tocsin.json").read_text("utf-8"))

SCRAPED = {"job", "instance", "service"}
"""Labels that Prometheus adds, by prometheus.yml."""

_METRIC = re.compile(r"\b((?:tocsin|process)_\w+)(?:\{([^}]*)\})?")
_MATCHER = re.compile(r"(\w+)\s*=~?\s*\"([^\"]*)\"")
_GROUPING = re.compile(r"\b(?:by|on)\s*\(([^)]*)\)")

LABEL_VALUES: dict[str, set[str]] = {
    "step": set(get_args(Step)),
    "service": {*get_args(Step), "feeds"},
    "status": set(get_args(Status)),
    "state": set(get_args(AlertState)),
    "outcome": {*get_args(Outcome), *tally.OUTCOMES},
    "standing": set(tally.STATES),
    "error": {"internal-error"},
    "job": {config["job_name"] for config in CONFIG["scrape_configs"]},
}


def series() -> dict[str, set[str]]:
    """Every series that workers/metrics.py makes, and its labels."""
    found: dict[str, set[str]] = {}
    for value in vars(metrics).values():
        if not isinstance(value, MetricWrapperBase):
            continue
        name, labels = value._name, set(value._labelnames)
        if isinstance(value, Counter):
            found[f"{name}_total"] = labels
        elif isinstance(value, Histogram):
            found |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels, f"{name}_count": labels}
        else:
            found[name] = labels
    return found


SERIES = series()


def expressions() -> Iterator[tuple[str, str]]:
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


EXPRESSIONS = list(expressions())


@pytest.fixture(autouse=True)
def _a_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any process will do for its metrics."""
    monkeypatch.setattr(metrics.READER, "pid", os.getpid())


def test_there_is_something_to_check() -> None:
    assert len(RULES) >= 8
    assert len(EXPRESSIONS) >= 30
    assert "tocsin_batch_seconds_bucket" in SERIES


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS)
def test_metrics_labels_and_values_exist(where: str, expression: str) -> None:
    used = _METRIC.findall(expression)
    labels = set(SCRAPED)
    for name, matchers in used:
        if name.startswith(("process_", "tocsin_reader_process_")):
            assert REGISTRY.get_sample_value(name) is not None, f"{where}: no such metric: {name}"
            own = set()
        else:
            assert name in SERIES, f"{where}: no such metric: {name}"
            own = SERIES[name]
        labels |= own
        for label, value in _MATCHER.findall(matchers):
            assert label in own | SCRAPED, f"{where}: {name} has no label {label!r}"
            assert value in LABEL_VALUES[label], f"{where}: {label} is never {value!r}"
    assert used or "up{" in expression
    for group in _GROUPING.findall(expression):
        wanted = {label.strip() for label in group.split(",")}
        assert wanted <= labels, f"{where}: nothing here has the labels {wanted - labels}"


def test_every_metric_is_looked_at() -> None:
    text = " ".join(expression for _, expression in EXPRESSIONS)
    unseen = [name for name in SERIES if name not in text and not name.endswith(("_sum", "_count"))]
    assert unseen == []


def test_internal_errors_are_named_as_the_steps_name_them() -> None:
    assert '"internal-error"' in (CHECKOUT / "workers" / "wire.py").read_text("utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: str(rule["alert"]))
def test_a_rule_says_how_bad_it_is_and_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert len(rule["annotations"]["summary"]) > 20
    assert len(rule["annotations"]["description"]) > 60


def test_every_rule_has_a_test_for_promtool() -> None:
    tests = (PROMETHEUS / "tocsin.rules.test.yml").read_text("utf-8")
    assert [rule["alert"] for rule in RULES if rule["alert"] not in tests] == []


def test_prometheus_scrapes_every_step_where_compose_serves_metrics() -> None:
    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text("utf-8"))
    (job,) = [config for config in CONFIG["scrape_configs"] if config["job_name"] == "tocsin"]
    (discovery,) = job["dns_sd_configs"]
    assert set(discovery["names"]) == {*get_args(Step), "feeds"} <= set(compose["services"])
    for step in discovery["names"]:
        assert int(compose["services"][step]["environment"]["TOCSIN_METRICS_PORT"]) == discovery["port"]
    assert CONFIG["rule_files"] == ["tocsin.rules.yml"]


def test_the_dashboard_is_provisioned_with_the_source_its_panels_name() -> None:
    provisioning = GRAFANA / "provisioning"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text("utf-8"))["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "tocsin.yml").read_text("utf-8"))["providers"]
    named = {panel["datasource"]["uid"] for panel in DASHBOARD["panels"] if "datasource" in panel}
    assert named == {source["uid"]}
    compose = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text("utf-8"))
    grafana = compose["services"]["grafana"]
    assert f"./deploy/grafana/dashboards:{provider['options']['path']}:ro" in grafana["volumes"]
    home = grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/tocsin.json"


def test_panels_do_not_overlap_and_are_explained() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= cells
        assert panel["type"] == "row" or len(panel["description"]) > 10
    identities = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(identities) == len(set(identities))
