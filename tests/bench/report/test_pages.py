"""The committed pages say what the committed result files say."""

from __future__ import annotations

from pathlib import Path

import pytest

from molsearch.bench.report.markdown import renewed
from molsearch.bench.results import read_all

ROOT = Path(__file__).parents[3]


def test_the_benchmark_page_is_what_its_files_say():
    page = ROOT / "docs" / "benchmarks.md"
    records = read_all([ROOT / "results"])
    assert len(records) > 2
    text = page.read_text(encoding="utf-8")
    if renewed(text, records, page.name) != text:
        pytest.fail("run: molsearch report results --into docs/benchmarks.md")
