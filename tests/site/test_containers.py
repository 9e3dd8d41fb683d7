"""Containerfile and compose.yaml keep the rules that hadolint and the specification of Compose
have, and that a cautious operator adds. `make test-container` runs the steps themselves."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from project import servers
from tests.containerfile import stages
from tests.readme import docs
from tests.running import ROOT, run

STAGES = stages()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def given(instruction: str) -> list[str]:
    return [text for stage in STAGES for name, text in stage.steps if name == instruction]


def test_images_have_a_version() -> None:
    images = [stage.image for stage in STAGES]
    images += [each["image"] for each in SERVICES.values() if "build" not in each]
    for image in images:
        assert image == "chatwidget" or re.search(r":[\d.]+(-\w+)?$", image), image


def test_the_image_is_an_ordinary_users_and_starts_without_a_shell() -> None:
    steps = STAGES[-1].steps
    user = next(number for number, (name, _) in enumerate(steps) if name == "USER")
    assert steps[user][1] == "10001:10001"
    assert not [name for name, _ in steps[user:] if name in ("RUN", "COPY", "WORKDIR")]
    [command] = [json.loads(text) for name, text in steps if name == "CMD"]
    [check] = [text for name, text in steps if name == "HEALTHCHECK"]
    assert json.loads(check.partition("CMD ")[2])[0] == "python"
    # It serves as `manage.py serve --server uvicorn` does.
    assert command == ["uvicorn", *servers.uvicorn("0.0.0.0", 8000)[3:]]
    [environment] = [text for name, text in steps if name == "ENV"]
    wanted = {f"{name}={value}" for name, value in servers.ENVIRONMENT.items()}
    assert wanted <= set(environment.split())


def test_steps_leave_neither_caches_nor_secrets() -> None:
    assert not given("ADD")
    for step in given("RUN"):
        assert "pip" not in step or "--no-cache-dir" in step
        assert not re.search(r"\b(sudo|cd|curl|wget)\b", step)
        # Root's commands leave no database behind that the server's user cannot open.
        assert "manage.py" not in step or "DATABASE_URL=sqlite://:memory:" in step
    assert not [text for text in given("ENV") if re.search("SECRET|PASSWORD|TOKEN|KEY", text)]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {".env", "secrets", ".git", "*.sqlite3*"} <= set(ignored)


@pytest.mark.parametrize("name", SERVICES)
def test_services_may_do_little(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service and "network_mode" not in service
    assert "ports" not in service or name == "caddy", "one door"
    assert name == "db" or service["cap_drop"] == ["ALL"]
    if name not in ("migrate", "chat"):  # one ends, the other's image has its own
        assert service["healthcheck"]["test"][0] == "CMD"


def test_secrets_are_files_and_all_that_is_named_is_there() -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert not re.search(r"(PASSWORD|SECRET_KEY|DATABASE_URL): ", text)
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)
        volumes = (volume.partition(":")[0] for volume in service.get("volumes", []))
        assert {name for name in volumes if name[0] != "."} <= set(COMPOSE["volumes"])
    for name, secret in COMPOSE["secrets"].items():
        assert f"> secrets/{name}" in docs("containers") and secret["file"] == f"./secrets/{name}"
    [subnet] = COMPOSE["networks"]["front"]["ipam"]["config"]
    assert SERVICES["chat"]["environment"]["TRUSTED_PROXIES"] == subnet["subnet"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


async def test_settings_may_be_files(tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("of a file, 0123456789 0123456789 0123456789 0123456789\n")
    (tmp_path / "database_url").write_text(f"sqlite:///{tmp_path}/of-a-file.sqlite3\n")
    code = (
        "from django.conf import settings as s; print(s.SECRET_KEY, s.DATABASES['default']['NAME'])"
    )
    files = {
        f"{name.upper()}_FILE": str(tmp_path / name) for name in ("secret_key", "database_url")
    }
    unset = ["env", "-u", "SECRET_KEY", "-u", "DATABASE_URL"]
    shell = [sys.executable, "manage.py", "shell", "-v0", "-c", code]
    done = await run([*unset, *shell], env=files)
    assert done.stdout.startswith("of a file, 0123456789")
    assert "of-a-file.sqlite3" in done.stdout
