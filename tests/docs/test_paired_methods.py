"""Two methods of a committed result file, paired by the script that docs name."""

from __future__ import annotations

import json
import sys

import numpy as np
from scripts import ROOT, script


def test_the_difference_is_that_of_the_targets_in_the_file(monkeypatch, capsys):
    path, names = ROOT / "results" / "muv.json", ("small-held-out", "ecfp4")
    monkeypatch.setattr(sys, "argv", ["paired_methods.py", str(path), *names])
    script("benchmarks", "paired_methods.py").main()
    told = json.loads(capsys.readouterr().out)
    rows = json.loads(path.read_text())["results"]
    one, other = (
        {row["target"]: row["metrics"]["bedroc_80p5"] for row in rows if row["method"] == name}
        for name in names
    )
    differences = np.array([one[target] - other[target] for target in sorted(one)])
    assert told["targets"] == len(differences) == 17
    assert abs(told["difference"][0] - differences.mean()) < 1e-4
    assert told["difference"][1] < told["difference"][0] < told["difference"][2]
    assert (told["better"], told["worse"]) == ((differences > 0).sum(), (differences < 0).sum())
