"""deploy/README.md: its commands parse, its files exist, its variables are those of docker-compose.yml."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.unit.deploy.command_line import parse

CHECKOUT = Path(__file__).resolve().parents[3]
README = (CHECKOUT / "deploy" / "README.md").read_text("utf-8")
COMPOSE = (CHECKOUT / "docker-compose.yml").read_text("utf-8")

IN_CONTAINER = re.compile(r"docker compose run --rm (?:-T )?(?:cli|notify) ([^<#`\n]+)")
ON_MACHINE = re.compile(r"`tocsin ([a-z][^`…]*)`")


@pytest.mark.parametrize("words", sorted({*IN_CONTAINER.findall(README), *IN_CONTAINER.findall(COMPOSE)}))
def test_commands_for_the_container_are_understood(words: str) -> None:
    assert parse(shlex.split(words))


@pytest.mark.parametrize(
    "words", sorted({w for path in (CHECKOUT / "deploy").rglob("*.*ml") for w in ON_MACHINE.findall(path.read_text())})
)
def test_commands_that_rules_and_comments_recommend_are_understood(words: str) -> None:
    try:
        assert parse(shlex.split(words))
    except Exception as error:
        if "Missing parameter" not in str(error):  # prose may name a command alone
            raise


def test_there_are_commands_to_check() -> None:
    assert len(IN_CONTAINER.findall(README)) >= 3
    assert "tocsin doctor" in (CHECKOUT / "deploy" / "prometheus" / "tocsin.rules.yml").read_text()


@pytest.mark.parametrize("words", [["worker", "annotat"], ["counts", "top", "--kind", "country"], ["topic", "create"]])
def test_the_check_refuses_what_is_no_command(words: list[str]) -> None:
    with pytest.raises(Exception, match=r"(?i)invalid|no such|is not one of"):
        parse(words)


def test_files_that_it_links_to_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)\)", README)
    assert len(links) > 5
    assert [link for link in links if not (CHECKOUT / "deploy" / link).exists()] == []


def test_the_variables_of_compose_are_explained() -> None:
    used = set(re.findall(r"\$\{(\w+)", COMPOSE))
    assert sorted(name for name in used if f"`{name}`" not in README) == []
