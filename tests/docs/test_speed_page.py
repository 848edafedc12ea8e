"""Pages of measurements say what the result files hold."""

from __future__ import annotations

import json
import re

import pytest
from scripts import ROOT, script

between = script("benchmarks", "marked.py").between


@pytest.fixture(scope="module")
def page():
    return script("benchmarks", "speed_page.py")


def test_every_section_comes_from_its_result_file(page):
    made = page.sections(page.results(), page.engines())
    texts = [one.read_text(encoding="utf-8") for one in page.PAGES]
    for name, body in made.items():
        standing = [found for text in texts if (found := between(text, name)) is not None]
        assert standing == [body], f"run: python benchmarks/speed_page.py ({name})"
    assert {"CSV", "SEARCH", "MEMORY", "LOAD", "BYTES"} <= set(made)


def test_sections_hold_what_was_measured(page):
    machine = {"cores": 2, "cpu": "a processor", "load when begun": 0.12}
    axes = {
        "rows left": 0.058,
        "rows left by first dimensions": 0.67,
        "to all dimensions, processor time": 2.47,
    }
    near = {
        "to exact": 0.21,
        "recall when built": 0.9634,
        "recall of these": 0.97,
        "lists looked into": 40,
        "lists": 1000,
    }
    engine = {
        "prefix storage": {
            "rows": 40_000,
            "queries": 20,
            **{f"{width} axes": {"k 100": axes, "k 1000": axes} for width in (128, 64)},
        },
        "lists": {
            "rows": 250_000,
            "k": 1000,
            "real molecules behind them": 39_000,
            "balanced, 1 query": near,
            "balanced, 5 queries": {"searched exactly": "of the first 1000 the lists find 90 %"},
            "machine": machine,
        },
    }
    made = page.sections({}, [engine, {"lists": engine["lists"]}])
    assert "| prefix-64 | 1,000 | 5.8% | 2.5 |" in made["PREFIX"]
    assert "leave 67% (67%)" in made["PREFIX"]
    assert "| balanced, 1 query | 0.21 | 0.963 | 0.970 | 40 of 1,000 |" in made["LISTS"]
    assert made["LISTS"].count("searched exactly: of the first") == 2  # one machine after the other
    assert "2 cores of a processor, load 0.1 when begun" in made["LISTS"]
    text = "<!-- LISTS: begin (x) -->\nold\n<!-- LISTS: end -->\nrest"
    assert between(page.rewrite(text, made), "LISTS") == made["LISTS"]
    assert page.rewrite(text, made).endswith("\nrest")


def test_stages_are_parts_of_their_way(page):
    stages = script("benchmarks", "stages.py")
    seconds = {
        "reading": 0.5,
        "chemistry": 3.0,
        "encoder": 1.5,
        "facts": 2.0,
        "peer": 1.0,
        "chemistry, conformers": 8.0,
        "graphs, conformers": 1.0,
        "encoder, conformers": 0.5,
    }
    found = {
        "records": 100,
        "encoders": {"without conformers": "small"},
        "rdkit parse + ecfp4, per second": 100,
        "ways": stages.ways(seconds, 100),
        "machine": {"cores": 2, "cpu": "a processor", "load when begun": None},
    }
    made = page.sections({"stages": found})["STAGES"].splitlines()
    assert "100 records (2 cores of a processor)" in made[0]
    assert made[4:7] == [
        "| without conformers (`small`) | read | 200 | 10.0% | 2 |",
        "|  | parent, fingerprint, what the encoder sees | 33 | 60.0% | 0.33 |",
        "|  | encoder | 67 | 30.0% | 0.67 |",
    ]
    assert sum(one["part"] for one in found["ways"]["with a conformer each"]) == pytest.approx(1)
    assert made[-1] == "| of hits alone | facts | 50 |  | 0.5 |"


def test_the_table_of_patterns_is_that_of_the_result_file() -> None:
    found = json.loads((ROOT / "results" / "substructures.json").read_text())
    text = (ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    part = text.split("## Filters by SMARTS")[1].split("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in part.splitlines()
        if re.match(r"\| [a-z]", line) and not line.startswith("| pattern |")
    ]
    expected = [
        [
            one["name"],
            f"{one['contain']:,}",
            f"{one['left']:,}",
            f"{one['left_by_rdkit']:,}",
            f"{one['walk_over_bits']:.1f}",
            f"{one['making_over_walk']:.1f}",
        ]
        for one in found["patterns"]
    ]
    assert rows == expected
    assert f"{found['molecules']:,} PubChem compounds" in part
