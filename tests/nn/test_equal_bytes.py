"""Embeddings are equal in every bit for one thread a process, equal batches, one processor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from command_line import MOLECULES, make_encoder

CODE = """
import hashlib, sys
import numpy as np
from molsearch.chem.prepare import prepare_in_process
from molsearch.config import PrepareConfig
from molsearch.data.prepared_table import table_of
from molsearch.nn.weights import load_encoder
from molsearch.schema import Record
records = [Record(i, "x", i, f"m{i}", s) for i, s in enumerate(sys.argv[2:], 1)]
prepared, _ = prepare_in_process(records, PrepareConfig(n_conformers=1))
encoder = load_encoder(sys.argv[1], device="cpu", batch_size=4)
print(hashlib.sha256(encoder.embed_table(table_of(prepared)).tobytes()).hexdigest())
"""


def test_two_processes_of_one_thread_give_equal_bytes(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "e")
    smiles = [smiles for _, smiles in MOLECULES if smiles != "C1CC"]
    found = {
        subprocess.run(
            [sys.executable, "-c", CODE, str(encoder), *smiles],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        ).stdout
        for _ in range(2)
    }
    assert len(found) == 1
    assert len(found.pop().strip()) == 64
