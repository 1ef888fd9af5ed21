"""What the papers promise is what the code does: variables, commands, paths, the composed service."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAPERS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


def read_by_the_settings() -> dict[str, bool]:
    """{variable: whether it may come from a file}, from the calls in connector/settings.py."""
    tree = ast.parse((ROOT / "connector" / "settings.py").read_text(encoding="utf-8"))
    found: dict[str, bool] = {}
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        of_env = isinstance(call.func, ast.Attribute) and getattr(call.func.value, "id", "") == "env"
        of_secret = isinstance(call.func, ast.Name) and call.func.id == "_secret"
        if (of_env or of_secret) and isinstance(call.args[0], ast.Constant):
            found[call.args[0].value] = of_secret
    return found


def told_in_the_table() -> dict[str, bool]:
    rows = re.findall(r"^\| `([A-Z_]+)`( ✱)? \| ([^|]+) \| ([^|]+) \|$", README, re.MULTILINE)
    assert all(meaning.strip() and default.strip() for _name, _star, meaning, default in rows)
    return {name: bool(star) for name, star, _meaning, _default in rows}


def test_the_table_names_every_variable_and_no_other() -> None:
    assert told_in_the_table() == read_by_the_settings()


def test_numbers_in_the_table_are_the_defaults() -> None:
    source = (ROOT / "connector" / "settings.py").read_text(encoding="utf-8")
    for name, default in re.findall(
        r"^\| `(QBO_MAX_\w+|TRUSTED_PROXY_COUNT)` \| [^|]+ \| (\d+) \|$", README, re.MULTILINE
    ):
        assert f'env.int("{name}", {default})' in source


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_papers_name_commands_and_files_that_exist(paper: Path) -> None:
    text = paper.read_text(encoding="utf-8")
    commands = set(re.findall(r"manage\.py (\w+)", text))
    assert commands <= set(get_commands()), commands - set(get_commands())
    targets = set(re.findall(r"make ([a-z-]+)", "".join(re.findall(r"`[^`]+`|```.*?```", text, re.DOTALL))))
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert all(f"\n{target}:" in makefile for target in targets), targets
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        assert (paper.parent / link).exists(), link


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_papers_name_tests_that_exist(paper: Path) -> None:
    for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)(?:\[[^\]`]*\])?`", paper.read_text(encoding="utf-8")):
        assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{name}"


def test_every_rule_of_customers_and_items_has_its_test() -> None:
    rows = [row for row in (ROOT / "docs" / "customers-and-items.md").read_text("utf-8").splitlines() if "|" in row]
    rules = [row for row in rows if row not in ("| rule | test |", "| --- | --- |")]
    assert len(rules) > 50
    assert all(re.fullmatch(r"\| [^|]+ \| `tests/sync/[\w/]+\.py::\w+` \|", row) for row in rules)


def test_folders_in_the_readme_are_there() -> None:
    places = re.findall(r"^\| (`[a-z/`, ]+`) \| ", README.split("## Where things live")[1], re.MULTILINE)
    for place in re.findall(r"`([^`]+)`", " ".join(places)):
        assert (ROOT / place).is_dir(), place
    for name in re.findall(r"^\| `(\w+\.py)` \| ", README, re.MULTILINE):
        assert (ROOT / "sync" / "engine" / name).is_file(), name


def test_constraints_in_the_architecture_exist() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("## Rows")[1].split("\n## ")[0]
    models = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "sync" / "models").glob("*.py"))
    for name in re.findall(r"`([a-z_]{12,})`", text):
        assert f'name="{name}"' in models, name


def test_log_events_in_the_operations_are_written_somewhere() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    source = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("connector", "sync", "tenants")
        for path in (ROOT / folder).rglob("*.py")
    )
    for name in re.findall(r"`([a-z]+\.[a-z_]+)`", text.split("## What to watch")[1].split("\nRuns that")[0]):
        assert f'"{name}"' in source, name


def test_the_composed_service_knows_only_variables_of_the_table() -> None:
    for name in ("web", "worker", "beat", "migrate"):
        given = set(COMPOSE["services"][name]["environment"])
        assert given <= set(told_in_the_table()), given - set(told_in_the_table())
        assert {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"} <= given


def test_the_worker_serves_every_queue_that_tasks_are_sent_to() -> None:
    from connector.celery import app

    served = set(re.search(r"-Q (\S+)", COMPOSE["services"]["worker"]["command"])[1].split(","))
    sent_to = {route["queue"] for route in app.conf.task_routes.values()}
    assert sent_to | {app.conf.task_default_queue} <= served
    assert set(re.search(r"-Q (\S+)", README)[1].split(",")) == served


def test_nothing_starts_before_the_migrations_are_through() -> None:
    for name in ("web", "worker", "beat"):
        assert COMPOSE["services"][name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
        assert "healthcheck" in COMPOSE["services"][name]


def test_locked_packages_come_with_hashes_and_without_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        requirements = [line for line in text.splitlines() if re.match(r"[a-zA-Z]", line)]
        assert requirements
        assert all("==" in line for line in requirements)
        assert text.count("--hash=sha256:") >= len(requirements)
