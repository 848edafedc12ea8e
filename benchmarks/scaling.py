"""What a million real molecules and ten million rows take: the figures behind docs/scaling.md.

    python benchmarks/scaling.py --data DATA [--molecules 1000000] [--rows 10000000]

Two parts, each done once and kept in ``--work``, so that a run that was stopped goes on:

- real molecules of the data folder end to end, as the tasks of an array job would: prepared and
  indexed in parts, merged, made ready for approximate search, screened by the command line;
- made-up rows near real ones (`scaling_rows`), searched exactly and approximately by one thread.

The result file has the figures, and docs/scaling.md is written anew from it (`scaling_page`).
Seconds depend on the load of the machine; processor seconds hardly do, and rates are by them.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import scaling_page
import scaling_rows
from scaling_real import indexed, parts, step, used

from molsearch.io.atomic import write_text
from molsearch.io.runs import processor, versions

WANTED_ROWS = 10_000_000
QUERIES = (
    "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1 gefitinib",
    "COCCOc1cc2ncnc(Nc3cccc(C#C)c3)c2cc1OCCOC erlotinib",
    "CS(=O)(=O)CCNCc1ccc(-c2ccc3ncnc(Nc4ccc(OCc5cccc(F)c5)c(Cl)c4)c3c2)o1 lapatinib",
    "C=CC(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1OCCCN1CCOCC1 canertinib",
    "CN(C)C/C=C/C(=O)Nc1cc2c(Nc3ccc(F)c(Cl)c3)ncnc2cc1O[C@H]1CCOC1 afatinib",
)


def main() -> None:
    """Do what is still missing, and write the result and the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the public data")
    parser.add_argument("--molecules", type=int, default=1_000_000)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("runs/scaling"))
    parser.add_argument("--out", type=Path, default=Path("results/scaling.json"))
    parser.add_argument("--page", type=Path, default=Path("docs/scaling.md"))
    given = parser.parse_args()
    (given.work / "real").mkdir(parents=True, exist_ok=True)
    (given.work / "rows").mkdir(parents=True, exist_ok=True)
    found = {
        "real": real(given.data, given.molecules, given.work / "real", given.workers),
        "rows": rows(given.work / "real" / "all.index", given.rows, given.work / "rows"),
        "versions": versions(),
        "processor": processor(),
    }
    write_text(given.out, json.dumps(found, indent=1) + "\n")
    scaling_page.rewrite(given.page, found)
    print(f"{given.out}, {given.page}")


def real(data: Path, molecules: int, work: Path, workers: int) -> dict[str, Any]:
    """Take real molecules from files to hit lists."""
    paths = parts(data, molecules, work)
    steps = indexed(paths, work, workers)
    made = [path.with_suffix(".index") for path in paths]
    whole = work / "all.index"
    merge = ["index", "merge", *map(str, made), "-o", str(whole), "-q"]
    steps["merge"] = step(work, "merge", merge) if len(made) > 1 else {}
    if len(made) == 1 and not whole.exists():
        whole.symlink_to(made[0].name)
    steps["ann"] = step(work, "ann", ["index", "ann", "-i", str(whole), "-q"])
    screens = {}
    for n in (1, len(QUERIES)):
        asked = [word for query in QUERIES[:n] for word in ("-q", query)]
        for name, more in (("exact", []), ("recall 0.95", ["--recall", "0.95"])):
            out = work / f"hits-{n}-{name.replace(' ', '-')}.csv"
            command = ["screen", *asked, "-i", str(whole), "-k", "1000", "-o", str(out)]
            point = step(work, out.stem, [*command, "--overwrite", "--quiet", *more])
            record = json.loads(out.with_name(out.name + ".run.json").read_text())
            screens[f"{n} {'query' if n == 1 else 'queries'}, {name}"] = {
                **point,
                "search seconds": record["seconds"]["search"],
                "approximation": record["approximation"],
            }
    about = json.loads(
        subprocess.run(
            [sys.executable, "-m", "molsearch", "info", str(whole), "--json"],
            check=True, capture_output=True, text=True,
        ).stdout
    )  # fmt: skip
    return {
        "molecules": about["n_in"],
        "indexed": about["n_ok"],
        "failed": about["n_failed"],
        "wanted": 1_000_000,
        "sources": used(data, molecules),
        "parts": len(paths),
        "workers": workers,
        "prepare": _sum(steps, "prepare"),
        "index": _sum(steps, "index"),
        "merge": steps["merge"],
        "ann": steps["ann"],
        "bytes a molecule": about["bytes_a_molecule"],
        "ann bytes a molecule": about["approximate_search"]["bytes_a_molecule"],
        "screens": screens,
    }


def rows(real_index: Path, n: int, work: Path) -> dict[str, Any]:
    """Write made-up rows near real ones, and search them."""
    written = scaling_rows.written(real_index, n, work)
    listed = scaling_rows.listed(work)
    done = work / "searched.json"
    if not done.exists():
        write_text(done, scaling_rows.in_a_new_process(work / "index"))
    found = {
        "wanted": WANTED_ROWS,
        "written": written,
        "listed": listed,
        "searched": json.loads(done.read_text()),
    }
    if n < WANTED_ROWS:
        found["mapped"] = scaling_rows.mapped(work, -(-WANTED_ROWS // n))
    return found


def _sum(steps: dict[str, dict[str, Any]], verb: str) -> dict[str, float]:
    """Seconds of all parts together, and the largest memory of any."""
    mine = [point for name, point in steps.items() if name.startswith(f"{verb} ")]
    return {
        **{
            name: round(sum(one[name] for one in mine), 1)
            for name in ("seconds", "processor_seconds")
        },
        **{name: max(one[name] for one in mine) for name in ("resident", "anonymous")},
    }


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
