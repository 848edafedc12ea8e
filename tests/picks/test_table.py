"""Hit lists are read with their types; what is a code stays text."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molsearch.config import ReadConfig
from molsearch.errors import InputError, UsageError
from molsearch.picks.columns import price_of
from molsearch.picks.table import read_table, table_of
from molsearch.picks.values import lossless, numbers_or_text


@pytest.mark.parametrize(
    ("given_", "dtype"),
    [
        (["1", "", "-3"], "Int64"),
        (["1.5", "", "2"], "float64"),
        (["1", "nan"], "float64"),
        (["007", "1"], "str"),
        (["1E5A", "2"], "str"),
        (["", ""], "str"),
        (["1,000", "2"], "str"),
        (["inf", "1"], "str"),
    ],
)
def test_types_are_those_of_all_values(given_, dtype) -> None:
    assert pd.Series(numbers_or_text(given_)).dtype == dtype


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
def test_text_that_is_no_number_comes_back_verbatim(values) -> None:
    found = pd.Series(numbers_or_text(values))
    if found.dtype == "str":
        assert [one or "" for one in found.tolist()] == values


@pytest.mark.parametrize(
    ("given_", "dtype"),
    [
        (["1", "", "-3"], "Int64"),
        (["9007199254740992"], "Int64"),
        (["0.5", None, "2"], "float64"),
        (["-12345.67", "1234567.89"], "float64"),
        (["True", "False", ""], "boolean"),
        (["1.10", "1.1"], "str"),
        (["1", "1.0"], "str"),
        (["12E4"], "str"),
        (["1e-05"], "str"),
        (["007", "1"], "str"),
        (["+1"], "str"),
        (["-0"], "str"),
        ([" 1"], "str"),
        (["TRUE"], "str"),
        (["nan", "1.5"], "str"),
        (["9007199254740993"], "str"),
        (["12345678901234567890"], "str"),
        (["0.1000000000000000000001"], "str"),
        (["", None], "str"),
    ],
)
def test_texts_are_numbers_only_where_none_is_lost(given_, dtype) -> None:
    assert pd.Series(lossless(given_)).dtype == dtype


_LIKE_NUMBERS = st.from_regex(r"-?[0-9]{0,3}(\.[0-9]{0,2})?(e-0[1-9])?", fullmatch=True)


@given(st.lists(_LIKE_NUMBERS | st.sampled_from(["True", "False", "nan"]), min_size=1, max_size=4))
def test_texts_come_back_from_their_values(texts) -> None:
    found = pd.Series(lossless(texts)).tolist()
    back = [str(one) for one in found]
    same = {text: one for text, one in zip(texts, back, strict=True) if text}
    assert all(one in (text, f"{text}.0") for text, one in same.items())
    assert len({*same.values()}) == len(same)


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
