"""Hit lists are read with their types; what is a code stays text."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.config import ReadConfig
from molsearch.errors import InputError, UsageError
from molsearch.picks.columns import price_of
from molsearch.picks.table import read_table, table_of, typed


@pytest.mark.parametrize(
    ("given_", "dtype"),
    [
        (["1", "", "-3"], "Int64"),
        (["1.5", "", "2"], "float64"),
        (["1", "nan"], "float64"),
        (["007", "1"], "str"),
        (["1E5A", "2"], "str"),
        (["True", "false", ""], "boolean"),
        (["", ""], "str"),
        (["1,000", "2"], "str"),
        (["inf", "1"], "str"),
    ],
)
def test_types_are_those_of_all_values(given_, dtype) -> None:
    assert pd.Series(typed(given_)).dtype == dtype


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
def test_text_that_is_no_number_comes_back_verbatim(values) -> None:
    found = pd.Series(typed(values))
    if found.dtype == "str":
        assert [one or "" for one in found.tolist()] == values


@given(st.floats(0, 1e6, allow_nan=False))
def test_prices_come_back(value) -> None:
    rounded = round(value, 2)
    assert price_of(f"${rounded:,.2f}") == pytest.approx(rounded)
    assert price_of(f"EUR {rounded:.2f}") == pytest.approx(rounded)
    german = f"{rounded:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")
    assert price_of(f"{german} €") == pytest.approx(rounded)


def test_rows_without_a_structure_are_failures(tmp_path) -> None:
    path = tmp_path / "hits.csv"
    path.write_text("molecule_id,smiles,score\na,CCO,1\nb,C1CC,2\nc,CCN,3\n")
    table = read_table(str(path), ReadConfig())
    assert table.frame["molecule_id"].tolist() == ["a", "c"]
    assert [(one.row, one.molecule_id) for one in table.failures] == [(3, "b")] or [
        one.molecule_id for one in table.failures
    ] == ["b"]


def test_a_list_without_any_structure_is_refused(tmp_path) -> None:
    path = tmp_path / "hits.csv"
    path.write_text("molecule_id,smiles,score\na,C1CC,1\n")
    with pytest.raises(InputError, match="no row holds a readable structure"):
        read_table(str(path), ReadConfig())


def test_a_frame_keeps_its_types_and_loses_bad_rows_alone() -> None:
    frame = pd.DataFrame(
        {"smiles": ["CCO", "bad(", "CCN"], "score": [3.0, 2.0, 1.0], "molecule_id": ["1", "2", "3"],
         "n": pd.array([1, None, 3], dtype="Int64")}
    )  # fmt: skip
    table = table_of(frame)
    assert table.frame["n"].tolist() == [1, 3]
    assert table.frame.columns[:2].tolist() == ["molecule_id", "smiles"]
    assert [one.molecule_id for one in table.failures] == ["2"]
    with pytest.raises(UsageError, match="molecule_id"):
        table_of(frame.drop(columns=["molecule_id"]))
