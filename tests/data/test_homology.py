"""Targets too close to one that is held out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from molsearch.data.homology import BENCHMARKS, DEVELOPMENT, close_targets
from molsearch.errors import InputError


def _table(folder: Path) -> Path:
    rows = {
        "uniprot": ["FAR", "EDGE", "CLOSE", "UNKNOWN", "DEV"],
        "id_dude": [0.1, 0.9, 0.95, None, 0.0],
        "id_litpcba": [0.0, 0.3, 0.2, None, 0.0],
        "id_muv": [0.0, 0.3, 0.2, None, 0.0],
        "id_dev": [0.0, 0.3, 0.2, None, 0.97],
    }
    pd.DataFrame(rows).to_parquet(folder / "h.parquet")
    return folder / "h.parquet"


def test_close_and_unknown_targets_go(tmp_path: Path) -> None:
    path = _table(tmp_path)
    assert close_targets(path, BENCHMARKS, 0.9) == {"CLOSE", "UNKNOWN"}
    assert close_targets(path, DEVELOPMENT, 0.9) == {"DEV", "UNKNOWN"}
    assert close_targets(path, BENCHMARKS, 0.05) == {"FAR", "EDGE", "CLOSE", "UNKNOWN"}


def test_absent_table_and_column_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such table of homology"):
        close_targets(tmp_path / "none.parquet", DEVELOPMENT, 0.9)
    with pytest.raises(InputError, match="no column 'id_x'"):
        close_targets(_table(tmp_path), ("id_x",), 0.9)


def test_names_that_are_numbers_are_the_activity_tables(tmp_path: Path) -> None:
    table = pd.DataFrame({"uniprot": [7.0, 12.0, None], "id_dude": [0.95, 0.2, 0.1]})
    for name in ("h.parquet", "h.csv"):
        table.to_parquet(tmp_path / name) if "parquet" in name else table.astype(
            {"uniprot": "Int64"}
        ).to_csv(tmp_path / name, index=False)
        assert close_targets(tmp_path / name, ["id_dude"], 0.9) == {"7"}
