"""Known inactives: read like queries, but a bad row of a long table does not stop a screen."""

from __future__ import annotations

import pytest

from molsearch.config import PrepareConfig, ReadConfig
from molsearch.errors import InputError
from molsearch.search.inactives import read_inactives
from molsearch.search.queries import read_queries

FLAT = PrepareConfig(n_conformers=0)


def read(*texts):
    return read_inactives(texts, ReadConfig(), FLAT)


def test_structures_and_files_are_read_like_queries(tmp_path):
    (tmp_path / "i.csv").write_text("name,smiles\nfirst,CCO\nsecond,CC(=O)[O-].[Na+]\n")
    found = read("CCN amine", tmp_path / "i.csv", "CCCl amine")
    assert [one.query_id for one in found.molecules] == ["amine", "first", "second", "amine (2)"]
    assert found.molecules[2].first.parent_smiles == "CC(=O)O"
    assert (found.n_in, found.n_ok, found.n_failed) == (4, 4, 0)
    assert list(found.warnings([])) == []
    assert read() is None


def test_bad_rows_of_a_file_are_counted_listed_and_left_out(tmp_path):
    lines = [f"C1CC bad-{i}" for i in range(5)] + ["CCO good", "CCN better"]
    (tmp_path / "i.smi").write_text("\n".join(lines) + "\n")
    found = read(tmp_path / "i.smi")
    assert [one.query_id for one in found.molecules] == ["good", "better"]
    assert (found.n_in, found.n_ok, found.n_failed) == (7, 2, 5)
    assert [one.row for one in found.failures] == [1, 2, 3, 4, 5]
    (line,) = found.warnings([])
    assert line.startswith("5 of 7 inactives cannot be used and do not count: ")
    assert "i.smi:1: " in line
    assert line.endswith("; 2 more")
    assert "\n" not in line


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("C1CC", r"inactive 'C1CC' is neither a file nor a structure that can be used: "),
        ("inactives.sdf", r"no inactive file inactives\.sdf; check the path"),
        ("", r"an empty inactive; pass a SMILES, an InChI or a file with --inactives"),
    ],
)
def test_what_is_typed_must_be_a_structure(text, match):
    with pytest.raises(InputError, match=match):
        read("CCO", text)


def test_a_file_of_which_nothing_can_be_used_is_refused(tmp_path):
    (tmp_path / "i.smi").write_text("C1CC a\nC* b\n")
    with pytest.raises(InputError, match=r"none of 2 inactives can be used .*i\.smi:1: .*leave"):
        read(tmp_path / "i.smi")


def test_a_query_that_is_an_inactive_too_is_named_but_not_its_stereoisomer():
    queries = read_queries(["C[C@H](N)C(=O)O L", "OCC e"], ReadConfig(), FLAT)
    (line,) = read("C[C@@H](N)C(=O)O D", "CCO ethanol").warnings(queries)
    assert line == "query 'e' is also given as the inactive 'ethanol'"
