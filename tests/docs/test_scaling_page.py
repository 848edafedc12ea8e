"""docs/scaling.md says what results/scaling.json holds, and its arithmetic is right."""

from __future__ import annotations

import copy
import json

import pytest
from scripts import ROOT, script

between = script("benchmarks", "marked.py").between


@pytest.fixture(scope="module")
def page():
    return script("benchmarks", "scaling_page.py")


@pytest.fixture(scope="module")
def found():
    return json.loads((ROOT / "results" / "scaling.json").read_text())


def test_every_figure_of_the_page_comes_from_the_result_file(page, found):
    text = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    for name, body in page.sections(found).items():
        assert between(text, name) == body, f"run: python benchmarks/scaling_page.py ({name})"


def test_core_hours_disk_and_seconds_of_a_billion_follow_from_the_rates(page, found):
    made = copy.deepcopy(found)
    real, rows = made["real"], made["rows"]
    real["molecules"] = 1000
    real["prepare"]["processor_seconds"] = 1.0
    real["index"]["processor_seconds"] = 2.6
    real["bytes a molecule"] = {
        "all": 1080,
        "embeddings": 512,
        "one-byte copy": 264,
        "fingerprints": 256,
    }
    rows["searched"]["rows"] = 1_000_000
    rows["searched"]["exact"]["balanced, 1 query"]["processor, ms"] = 160
    rows["searched"]["exact"]["molsearch, 1 query"]["processor, ms"] = 48
    billion = page.sections(made)["BILLION"]
    # 3.6 ms of a core each: 10^6 hours; 160 s of a core: 5 s of 32; 520 GB at 6 GB/s: 87 s.
    assert "1,000 core-hours: 31 h of one machine, 3.9 h of 8; 47 € |" in billion
    assert "| disk | 1.1 TB, with `--storage compact` 570 GB; lists " in billion
    assert "default ranking 5 s, embedding alone 1.5 s" in billion
    assert "| the same from NVMe | 87 s, 44 s |" in billion
    assert "| the same on 8 machines, from memory | 620 ms, 190 ms |" in billion
    assert "| one 80 GB card, 64 B a molecule | 64 GB, 32 ms a query" in billion
    choice = page.sections(made)["CHOICE"]
    assert "| 1,000,000 | `index`, exact searches | 1 | 1.1 GB | 520 MB | 160 ms | 5 ms |" in choice


def test_a_page_without_a_section_is_refused(page, found, tmp_path):
    bare = tmp_path / "scaling.md"
    bare.write_text("# nothing\n")
    with pytest.raises(ValueError, match="has no section REAL"):
        page.rewrite(bare, found)
