"""A training killed at any moment ends, by the same command, as one that was not."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from families import family_table
from killing import SUPPORT
from molecules import SMALL

from molsearch.nn.weights import load_encoder

MOMENTS = 20

# Runs `molsearch train` in children that kill themselves; a step is an event too.
CHILD = textwrap.dedent(
    """
    import os, pathlib, sys
    import torch

    torch.set_num_threads(1)
    sys.path.insert(0, sys.argv[3])
    from killing import events, hook
    from molsearch.cli.train_config import of_file
    from molsearch.service.requests import TrainRequest
    from molsearch.service.train import train
    from molsearch.train import loop

    def run(out):
        what = of_file(pathlib.Path(sys.argv[1]), out, None, [])
        train(TrainRequest(**what, device="cpu", workers=1, cache=sys.argv[2]))

    if __name__ == "__main__":
        run(pathlib.Path(sys.argv[2]) / "first")  # featurises
        for owner, name in ((os, "fsync"), (pathlib.Path, "replace"), (loop, "one_step")):
            hook(owner, name)
        for line in sys.stdin:
            fatal, out = line.rstrip("\\n").split(" ", 1)
            child = os.fork()
            if child == 0:
                events["n"], events["fatal"] = 0, int(fatal)
                try:
                    run(pathlib.Path(out))
                except BaseException as error:
                    print("failed:", error, flush=True)
                    os._exit(1)
                print("finished", events["n"], flush=True)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if os.WIFSIGNALED(status):
                print("killed", flush=True)
    """
)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A configuration and its data: three families of four ligands."""
    family_table().to_csv(tmp_path / "a.csv", index=False)
    content = {
        "name": "tiny",
        "data": ".",
        "activities": "a.csv",
        "development": "",
        "conformers": "",
        "steps": 8,
        "pairs_per_step": 3,
        "micro_batch": 4,
        "checkpoint_minutes": 1e-6,
        "model": {**SMALL, "matryoshka": [8, 16]},
    }
    (tmp_path / "tiny.yaml").write_text(json.dumps(content))  # JSON is YAML
    (tmp_path / "run.py").write_text(CHILD)
    return tmp_path


def results(out: Path) -> tuple[bytes, list[dict[str, str]], dict[str, object]]:
    """All that a run makes, but for times."""
    with (out / "log.csv").open() as handle:
        rows = [{n: v for n, v in row.items() if n != "s"} for row in csv.DictReader(handle)]
    card = json.loads((out / "card.json").read_text())
    card["training"].pop("seconds")
    assert json.loads((out / "run.json").read_text())["verb"] == "train"
    return (out / "encoder.safetensors").read_bytes(), rows, card


@pytest.mark.slow
def test_killed_at_twenty_moments_it_is_finished_by_the_same_command(work: Path) -> None:
    (work / "cache").mkdir()
    process = subprocess.Popen(
        [sys.executable, work / "run.py", work / "tiny.yaml", work / "cache", SUPPORT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(out: Path, fatal: int) -> str:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{fatal} {out}\n")
        process.stdin.flush()
        return process.stdout.readline().strip()

    try:
        said = run(work / "whole", -1)
        assert said.startswith("finished "), said
        n_events = int(said.split()[1])
        whole = results(work / "whole")
        assert [row["step"] for row in whole[1]] == [str(n) for n in range(1, 9)]
        stages = set()
        for i in range(MOMENTS):
            fatal = 1 + round(i * (n_events - 1) / (MOMENTS - 1))
            out = work / f"killed-{fatal}"
            assert run(out, fatal) == "killed"
            stages.add(((out / "card.json").exists(), (out / "run.json").exists()))
            if (out / "card.json").exists():
                load_encoder(out, device="cpu")
            if not (out / "run.json").exists():
                assert run(out, -1).startswith("finished "), f"killed at event {fatal}"
            assert results(out) == whole, f"killed at event {fatal} of {n_events}"
        assert (True, False) in stages, "no kill fell between encoder and run.json"
        assert "already holds a finished encoder" in run(work / "whole", -1)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=60)
