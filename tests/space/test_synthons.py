"""Synthon files: formats, broken rows, rows without partners."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import HEADER, rows, write_space

from molsearch.errors import InputError
from molsearch.space.synthons import read_synthons

BROKEN = {
    "unclosed ring": ("C1CC([1*])\tx\t2\tamide", "not a readable SMILES"),
    "no structure": ("\tx\t2\tamide", "not a readable SMILES"),
    "no connector": ("CCO\tx\t2\tamide", "no connector"),
    "fifth connector": ("[5*]CC\tx\t2\tamide", r"none of [1*] to [4*]"),
    "bare star": ("*CC\tx\t2\tamide", r"none of [1*] to [4*]"),
    "no id": ("[1*]CC\t\t2\tamide", "names no id"),
    "no position": ("[1*]CC\tx\t\tamide", "names no position"),
    "no reaction": ("[1*]CC\tx\t2\t", "names no reaction"),
    "too short": ("[1*]CC\tx", "2 cells"),
    "no partner": ("[3*]CC\tx\t2\tamide", "nothing in reaction amide joins its connector 3"),
    "lone reaction": ("[1*]CC\tx\t1\tother", "nothing in reaction other joins"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_row_is_one_failure_with_its_row_and_the_rest_is_read(tmp_path, name):
    row, reason = BROKEN[name]
    path = write_space(tmp_path / "s.txt", row, "[1*]NCC\tlast\t2\tamide")
    found = read_synthons(str(path))
    (failed,) = found.failures
    assert failed.row == len(rows()) + 2
    assert failed.source == str(path)
    assert reason in failed.reason
    assert found.usable[-1].synthon_id == "last"
    assert found.n_in == len(rows()) + 2 == len(found.usable) + 1


def test_what_lacks_a_partner_once_broken_rows_are_gone_fails_too(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text(f"{HEADER}\n" + "\n".join([*rows(), "[1*]CC\tx\t1\tr", "C1C\ty\t2\tr"]) + "\n")
    failures = read_synthons(str(path)).failures
    assert [one.molecule_id for one in failures] == ["x", "y"]


@pytest.mark.parametrize("form", ["comma", "semicolon", "blanks", "crlf", "gz", "spelling", "more"])
def test_forms_of_the_file_are_read_alike(tmp_path, form):
    plain = read_synthons(str(write_space(tmp_path / "plain.txt")))
    text = "\n".join([HEADER, *rows()]) + "\n"
    path = tmp_path / "s.txt"
    changed = {
        "comma": text.replace("\t", ","),
        "semicolon": text.replace("\t", ";"),
        "blanks": text.replace("\t", "  "),
        "crlf": text.replace("\n", "\r\n"),
        "spelling": text.replace("synton", "synthon").replace("SMILES", "smiles"),
        "more": text.replace("\n", "\t2024Q1\n"),
        "gz": text,
    }[form]
    if form == "gz":
        path = tmp_path / "s.txt.gz"
        path.write_bytes(gzip.compress(changed.encode()))
    else:
        path.write_text(changed, newline="")
    found = read_synthons(str(path))
    assert found.usable == plain.usable
    assert not found.failures


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "is empty|no synthon file"),
        ("CCO ethanol\n", "no column 'smiles'"),
        ("SMILES\tsynton_id\treaction_id\n[1*]C\ta\tr\n", "no column 'synton#'"),
        (f"{HEADER}\n", "none of 0 rows"),
        (f"{HEADER}\nCC\ta\t1\tr\nC1\tb\t2\tr\n", "none of 2 rows .* row 2: the structure has no"),
    ],
)
def test_a_file_of_no_use_is_one_line(tmp_path, content, match):
    path = tmp_path / "s.txt"
    path.write_text(content)
    with pytest.raises(InputError, match=match) as caught:
        read_synthons(str(path))
    assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), max_size=8))
def test_any_rows_are_accounted_for(lines):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.txt"
        path.write_text("\n".join([HEADER, *rows(), *lines]), encoding="utf-8")
        found = read_synthons(str(path))
    assert len(found.usable) >= len(rows())
    written = "\n".join(lines).splitlines()
    assert found.n_in == len(rows()) + sum(bool(line.strip()) for line in written)
