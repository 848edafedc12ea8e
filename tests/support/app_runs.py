"""Runs of the application made by hand, without a command line behind them."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path

import numpy as np
import pandas as pd

from molsearch.chem.prepare import prepare_record
from molsearch.config import PrepareConfig
from molsearch.schema import Prepared, Record
from molsearch.search.hits import COLUMNS

QUERY = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1"
HITS = [
    (QUERY, "gefitinib", 1.0, 1.0),
    ("COc1cc2c(Nc3ccc(Br)cc3F)ncnc2cc1OCC1CCN(C)CC1", "<script>alert(1)</script>", 0.9, 0.44),
    ("CC(=O)Oc1ccccc1C(=O)O", "=cmd|' /C calc'!A0", 0.6, 0.12),
    ("CN1CCC[C@H]1c1cccnc1", "../../etc/passwd", 0.5, 0.15),
    ("CCCCCC", "acyclic", 0.4, 0.05),
]


def hit_frame(hits: list[tuple[str, str, float, float]] = HITS) -> pd.DataFrame:
    """A hit list with hostile ids and a user column."""
    rows = []
    for rank, (smiles, name, score, similarity) in enumerate(hits, start=1):
        found = prepare_record(Record(rank, "lib.smi", rank, name, smiles=smiles),
                               PrepareConfig(n_conformers=0))  # fmt: skip
        assert isinstance(found, Prepared)
        facts = {name: getattr(found, name, None) for name in COLUMNS}
        rows.append(
            {
                **facts,
                "rank": rank,
                "score": score,
                "background_percentile": 100.0 if score > 0.45 else 60.0,
                "nearest_query": "gefitinib",
                "ecfp4_similarity": similarity,
                "is_query": rank == 1,
                "vendor <b>": f"v{rank}",
            }
        )
    return pd.DataFrame(rows)


def finished_run(
    runs: Path, frame: pd.DataFrame | None = None, *, kind: str = "screen", **changes: object
) -> str:
    """Write the folder of a finished screen, by default with hostile ids; returns its run id."""
    frame = hit_frame() if frame is None else frame
    run_id = bare_run(runs, kind=kind, **changes)
    folder = runs / run_id
    frame.to_parquet(folder / "hits.parquet", index=False)
    account = {
        "queries": [{"id": "gefitinib", "parent_smiles": QUERY}],
        "index": {"n_molecules": 5, "n_failed": 1, "path": "lib.index"},
        "encoder": "ab" * 32,
        "warnings": ["query 'gefitinib' lies *far* from the training chemistry"],
    }
    (folder / "hits.parquet.run.json").write_text(json.dumps(account))
    rng = np.random.default_rng(0)
    chart = pd.DataFrame(rng.normal(size=(len(frame) + 21, 2)), columns=["x", "y"])
    chart["kind"] = ["library"] * 20 + ["hit"] * len(frame) + ["query"]
    chart["record_number"] = [*range(100, 120), *frame["record_number"], 0]
    chart["name"] = [""] * (len(chart) - 1) + ["gefitinib"]
    chart["share_x"], chart["share_y"] = 0.3, 0.1
    chart.to_parquet(folder / "map.parquet", index=False)
    return run_id


def bare_run(runs: Path, *, kind: str = "screen", **state: object) -> str:
    """Write the folder of a run with a state of one's choice."""
    run_id = f"{kind}-{secrets.token_hex(8)}"
    folder = runs / run_id
    folder.mkdir(parents=True)
    # A step as an older version wrote it: its runs are still there.
    step = {"label": kind, "argv": ["python", "-m", "molsearch", kind], "stdout": None,
            "optional": False}  # fmt: skip
    job = {
        "run_id": run_id,
        "kind": kind,
        "title": "gefitinib <b>&[x](y)",
        "created": time.time(),
        "steps": [step],
        "meta": {"library": "lib.smi", "reproduce": "molsearch screen -q x"},
    }
    (folder / "job.json").write_text(json.dumps(job))
    began = time.time() - 3
    (folder / "state.json").write_text(
        json.dumps({"status": "done", "step": 0, "began": began, "ended": began + 2, **state})
    )
    return run_id
