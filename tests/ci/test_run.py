"""The script that admits a change, with stand-ins for make, the browser and apt-get."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[2] / ".ci" / "run"
_TOOLS = ("bash", "env", "dirname", "chmod")
_BROWSER = "#!/usr/bin/env bash\necho Chromium 1\n"


class Machine:
    """A machine with nothing but what is put on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        for name in _TOOLS:
            found = shutil.which(name)
            assert found is not None
            (folder / name).symlink_to(found)
        self.put("make", 'echo "make $*, browser needed: ${MOLSEARCH_NEEDS_BROWSER:-no}"')
        self.put("id", "echo 0")

    def put(self, name: str, does: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/usr/bin/env bash\n{does}\n")
        path.chmod(0o755)

    def run(self, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("MOLSEARCH")}
        environment = {**kept, "PATH": str(self.folder), **variables}
        return subprocess.run([RUN], env=environment, capture_output=True, text=True)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "bin")


def test_with_a_browser_the_test_command_runs_and_needs_it(machine: Machine) -> None:
    machine.put("chromium-browser", "echo Chromium 1")
    machine.put("apt-get", "echo must not be asked; exit 9")
    done = machine.run()
    assert (done.returncode, done.stdout) == (0, "make test, browser needed: 1\n")


@pytest.mark.parametrize("user", ["0", "1000"])
def test_a_missing_browser_is_installed(machine: Machine, user: str) -> None:
    browser = machine.folder / "chromium"
    machine.put("id", f"echo {user}")
    machine.put("sudo", '[ "$1" = -n ] && shift && as=sudo "$@"')
    machine.put(
        "apt-get",
        f'echo "$as $1" >> {machine.folder}/asked\n'
        f'if [ "$1" = install ]; then printf "{_BROWSER}" > {browser}; chmod +x {browser}; fi',
    )
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("make test, browser needed: 1\n")
    by = "sudo" if user == "1000" else ""
    asked = (machine.folder / "asked").read_text().splitlines()
    assert asked == [f"{by} update", f"{by} install"]


@pytest.mark.parametrize("apt", [None, "exit 100", "true"])
def test_a_browser_that_cannot_be_had_is_a_failure_with_a_way_out(machine: Machine, apt) -> None:
    machine.put("chromium-browser", "echo install the snap; exit 1")  # a stand-in, no browser
    if apt is not None:
        machine.put("apt-get", apt)
    done = machine.run()
    assert done.returncode == 1
    assert "make test" not in done.stdout
    assert "set MOLSEARCH_NO_BROWSER=1" in done.stderr


def test_without_a_browser_on_request_the_last_line_says_so(machine: Machine) -> None:
    done = machine.run(MOLSEARCH_NO_BROWSER="1")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "make test, browser needed: no"
    assert done.stdout.splitlines()[-1].startswith("MOLSEARCH_NO_BROWSER=1: ")
    machine.put("make", "exit 2")
    assert machine.run(MOLSEARCH_NO_BROWSER="1").returncode == 2
