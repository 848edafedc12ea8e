"""Ctrl-C and a closed pipe at the command line: how it ends, how soon, and what it leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from command_line import CommandLine, make_encoder, make_library

from molsearch.chem.conformers import embed
from molsearch.config import PrepareConfig
from molsearch.data.prepared import PreparedSet

# Rings of amides: each takes RDKit a good while to embed.
MACROCYCLE = "CC(C)CC1NC(=O)C(Cc2ccccc2)NC(=O)C(CCC)NC(=O)C(C)NC(=O)C(CC(C)C)NC(=O)C(CO)NC1=O"
SOON = 20.0  # s; a run that goes on regardless would take minutes


def _hears_ctrl_c() -> None:
    # Shells let what they start in the background ignore it, tests with all that these start.
    signal.signal(signal.SIGINT, signal.default_int_handler)


# The command line, which says when the first conformers are begun.
TELLS = """
from molsearch.chem import conformers
from molsearch.cli.main import main
real = conformers.rdDistGeom.EmbedMultipleConfs
def told(*arguments):
    print("embedding", flush=True)
    conformers.rdDistGeom.EmbedMultipleConfs = real
    return real(*arguments)
conformers.rdDistGeom.EmbedMultipleConfs = told
main()
"""


def start(
    *arguments: str, cwd: Path, program: tuple[str, ...] = ("-m", "molsearch"), **options
) -> subprocess.Popen[bytes]:
    options = {"preexec_fn": _hears_ctrl_c, **options}
    return subprocess.Popen(
        [sys.executable, *program, *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        **options,
    )


def wait_until(condition, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        assert time.monotonic() < deadline
        time.sleep(0.05)


def orphans(processes: list[psutil.Process]) -> list[psutil.Process]:
    _, alive = psutil.wait_procs(processes, timeout=10)
    return [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    names = [f"C{'C' * n}" for n in range(12)]
    lines = [MACROCYCLE.replace("CCC)", f"{chain})", 1) + f" m{n}" for n, chain in enumerate(names)]
    (tmp_path / "slow.smi").write_text("\n".join(lines * 100) + "\n")
    return tmp_path


@pytest.mark.slow
def test_ctrl_c_ends_prepare_with_its_workers_and_the_same_command_goes_on(library: Path) -> None:
    process = start("prepare", "slow.smi", "-o", "p", "-n", "2", cwd=library)
    wait_until(lambda: len(psutil.Process(process.pid).children(recursive=True)) >= 2, process)
    time.sleep(3.0)  # into the embedding
    workers = psutil.Process(process.pid).children(recursive=True)
    sent = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    said = process.communicate(timeout=60)[1].decode()
    assert time.monotonic() - sent < SOON
    assert process.returncode == 130
    assert said.count("molsearch: interrupted; the same command continues") == 1
    assert "Traceback" not in said
    assert not orphans(workers)


@pytest.mark.slow
def test_a_run_that_ignores_ctrl_c_makes_what_it_would_have_made(tmp_path: Path) -> None:
    lines = [f"{MACROCYCLE} a{n}" for n in range(4)]
    (tmp_path / "l.smi").write_text("\n".join(lines) + "\n")
    coords = []
    for folder, signals in (("quiet", 0), ("disturbed", 40)):
        process = start(
            *("prepare", "l.smi", "-o", folder, "-n", "2", "--conformers", "3"),
            cwd=tmp_path,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
        for _ in range(signals):
            time.sleep(0.2)
            if process.poll() is not None:
                break
            os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=300) == 0
        table = next(PreparedSet.open(tmp_path / folder).iter_tables())
        coords.append(table.column("coords").to_pylist())
    assert coords[0] == coords[1]


@pytest.mark.slow
def test_ctrl_c_while_a_query_is_embedded_in_process_is_not_lost(
    molsearch: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RDKit catches the signal while it embeds, and Python would never hear of it."""
    monkeypatch.chdir(tmp_path)
    make_encoder(tmp_path / "e")
    make_library(tmp_path / "library.csv")
    assert molsearch("prepare", "library.csv", "-o", "p", "-n", "1", "-q").code == 0
    assert molsearch("index", "p", "-o", "i", "--encoder", "e", "-q").code == 0
    (tmp_path / "q.smi").write_text("\n".join(f"{MACROCYCLE} q{n}" for n in range(200)) + "\n")
    process = start(
        *("screen", "-q", "q.smi", "-i", "i", "--encoder", "e", "-o", "hits.csv"),
        *("--query-conformers", "50"),
        cwd=tmp_path,
        program=("-c", TELLS),
    )
    # From now on the main thread is busy with nothing but RDKit, a second a query.
    assert process.stdout is not None
    assert process.stdout.readline() == b"embedding\n"
    time.sleep(0.3)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1].decode()
    assert time.monotonic() - sent < SOON
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    assert not (tmp_path / "hits.csv").exists()


def test_an_embedding_is_not_altered_by_a_signal_and_the_signal_is_not_lost() -> None:
    from rdkit import Chem

    mol = Chem.MolFromSmiles(MACROCYCLE)
    config = PrepareConfig(n_conformers=3)
    expected = [one.tolist() for one in embed(mol, config)]
    code = f"""
import os, signal, threading, time
from rdkit import Chem
from molsearch.chem import conformers
from molsearch.config import PrepareConfig
mol = Chem.MolFromSmiles({MACROCYCLE!r})
heard = []
signal.signal(signal.SIGINT, lambda *_: heard.append(1))
real = conformers.rdDistGeom.EmbedMultipleConfs
def struck(*arguments):
    os.kill(os.getpid(), signal.SIGINT)
    return real(*arguments)
conformers.rdDistGeom.EmbedMultipleConfs = struck
found = conformers.embed(mol, PrepareConfig(n_conformers=3))
print([one.tolist() for one in found] == {expected!r})
print(len(heard))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "1"]


@pytest.mark.parametrize("command", [("--help",), ("info", "--json")])
def test_a_reader_that_has_had_enough_is_no_error_of_ours(tmp_path: Path, command) -> None:
    process = start(*command, cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read().decode()
    assert process.wait(timeout=60) == 141
    assert said == ""


@pytest.mark.slow
def test_a_hit_list_for_a_reader_that_leaves_after_a_line(
    molsearch: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make_encoder(tmp_path / "e")
    lines = [f"{'C' * (1 + n % 40)}O{'C' * (1 + n // 40)} m{n}" for n in range(1200)]
    (tmp_path / "library.smi").write_text("\n".join(lines) + "\n")
    options = ("--encoder", "e", "-n", "1", "--conformers", "0", "-q")
    assert molsearch("index", "library.smi", "-o", "i", *options).code == 0
    process = start(
        *("screen", "-q", "CCO", "-i", "i", "--encoder", "e", "-k", "1200", "-o", "-"),
        cwd=tmp_path,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"rank,")
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read().decode()
    assert process.wait(timeout=60) == 141
    assert "Traceback" not in said
    assert "BrokenPipe" not in said


WHO_HEARS = """
import sys
from functools import partial
sys.path.insert(0, sys.argv[1])
from worker_tasks import hearing
from molsearch.chem.signals import without_interrupts
from molsearch.config import PrepareConfig
from molsearch.schema import Record
from molsearch.work.crew import Crew
from molsearch.work.job import Parcel

if __name__ == "__main__":
    with without_interrupts():  # as the command line does
        crew = Crew(2, partial(hearing, config=PrepareConfig()), 60)
        jobs = [Parcel([Record(n, "s", n, f"m{n}", "C")]) for n in range(1, 9)]
        for job in jobs:
            crew.submit(job)
        while not all(job.left == 0 for job in jobs):
            crew.step()
        crew.close()
        print(*(outcome.reason for job in jobs for outcome in job.finished()), sep="\\n")
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="no /proc that tells of threads")
def test_no_thread_of_any_worker_lets_ctrl_c_in(tmp_path: Path) -> None:
    """The first worker too, with which Python starts a helper that lets signals in again."""
    (tmp_path / "run.py").write_text(WHO_HEARS)
    support = Path(__file__).parents[1] / "support"
    done = subprocess.run(
        [sys.executable, tmp_path / "run.py", support], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n")[:-1] == ["0 hear"] * 8
