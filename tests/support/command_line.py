"""Running verbs as a user does, within the test's own process."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from fakes import unit_rows

from molsearch.cli.main import main
from molsearch.config import ModelConfig
from molsearch.nn.network import Network
from molsearch.nn.weights import save_encoder

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O aspirin"
MOLECULES = [
    ("aspirin", "CC(=O)Oc1ccccc1C(=O)O"),
    ("salicylic acid", "OC(=O)c1ccccc1O"),
    ("paracetamol", "CC(=O)Nc1ccc(O)cc1"),
    ("benzocaine", "CCOC(=O)c1ccc(N)cc1"),
    ("alanine", "C[C@H](N)C(=O)O"),
    ("sodium acetate", "CC(=O)[O-].[Na+]"),
    ("nitrobenzene", "O=[N+]([O-])c1ccccc1"),
    ("broken", "C1CC"),
    ("caffeine", "Cn1cnc2c1c(=O)n(C)c(=O)n2C"),
    ("=cmd|calc", "CCO"),
    ("menthol", "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O"),
    ("thrice", "CC(=O)Oc1ccccc1C(=O)[O-].[K+]"),
]


class Outcome(NamedTuple):
    """What a run of the command line leaves behind."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> str:
        """The one line in which a deliberate error is told."""
        lines = [line for line in self.err.splitlines() if line.startswith("molsearch: ")]
        assert len(lines) == 1, self.err
        return lines[0]


class CommandLine:
    """Runs ``molsearch`` with arguments and returns exit code and output."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: object) -> Outcome:
        self.monkeypatch.setattr(sys, "argv", ["molsearch", *map(str, arguments)])
        self.monkeypatch.setenv("MOLSEARCH_KEEP_ALLOCATOR", "1")
        self.capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = self.capsys.readouterr()
        assert "Traceback" not in captured.err
        return Outcome(code, captured.out, captured.err)


def make_encoder(folder: Path, seed: int = 1, *, n_reference: int = 0) -> Path:
    """An untrained encoder with a background and a limit that every query misses.

    It tells rarity by so many reference compounds, or not at all.
    """
    torch.manual_seed(seed)
    background = np.random.default_rng(seed).standard_normal((200, 256))
    background /= np.linalg.norm(background, axis=1, keepdims=True)
    card = {
        "name": f"untrained-{seed}",
        "licence": "none",
        "applicability": {"neighbours": 10, "quantile_05": 0.99},
    }
    network = Network(ModelConfig(n_buckets=509))
    reference = unit_rows(n_reference, 256, seed + 1) if n_reference else None
    save_encoder(folder, network, card, background.astype(np.float16), reference=reference)
    return folder


def make_library(path: Path) -> Path:
    """A csv of a dozen molecules, one of them unreadable."""
    rows = "".join(f'{smiles},"{name}",{i}\n' for i, (name, smiles) in enumerate(MOLECULES, 1))
    path.write_text("smiles,name,price\n" + rows)
    return path
