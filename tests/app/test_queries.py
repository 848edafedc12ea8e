from __future__ import annotations

import csv
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molsearch.errors import InputError
from molsearch_app.components import queries
from molsearch_app.components.queries import Draft, good
from molsearch_app.guard import CHEMISTRY

ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"
INCHI = "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)"


def test_smiles_and_inchi_with_and_without_names():
    drafts = queries.parse_text(f"{ASPIRIN} my aspirin\n\n{ASPIRIN},second\n{INCHI} third, it is\n")
    assert [draft.name for draft in drafts] == ["my aspirin", "second", "third, it is"]
    assert {draft.parent for draft in drafts} == {ASPIRIN}
    assert len(queries.good(drafts)) == 1


def test_commas_and_extensions_stay_where_they_belong():
    text = "CCO 2,3-what, it is\nC[C@H](N)C(=O)O |&1:1,3| ala\nCCN ,amine\n,\n,CCO"
    drafts = queries.parse_text(text)
    assert [draft.name for draft in drafts] == [
        "2,3-what, it is", "ala", "amine", "query 4", "query 5",
    ]  # fmt: skip
    assert drafts[1].smiles == "C[C@H](N)C(=O)O |&1:1,3|"
    assert [bool(draft.error) for draft in drafts] == [False, False, False, True, True]


def test_a_bad_line_says_why_and_the_others_stay():
    drafts = queries.parse_text(f"C1CC bad\n{ASPIRIN}\nInChI=1S/nonsense x")
    assert [bool(draft.error) for draft in drafts] == [True, False, True]
    assert "ring" in drafts[0].error
    assert drafts[1].name == "query 2"


def test_open_stereo_is_noted():
    (draft,) = queries.parse_text("CC(N)C(=O)O alanine")
    assert draft.note == "1 stereocentre open"


def test_text_never_becomes_a_path(tmp_path):
    path = tmp_path / "secret.smi"
    path.write_text(ASPIRIN)
    (draft,) = queries.parse_text(str(path))
    assert draft.error


def test_chips_escape_names_and_errors():
    shown = queries.chips(
        [Draft("<b>x</b>", ASPIRIN, parent=ASPIRIN), Draft("'>", "<", error="<i>")]
    )
    assert "<b>x</b>" not in shown
    assert "<i>" not in shown
    assert "&lt;b&gt;x" in shown
    assert "title=''>" not in shown


def test_the_file_for_the_command_line_keeps_names_whole():
    drafts = [Draft('a,"b"\tc', ASPIRIN, parent=ASPIRIN), Draft("=cmd|x", "C", parent="C")]
    rows = list(csv.DictReader(io.StringIO(queries.to_csv(drafts))))
    assert [row["molecule_id"] for row in rows] == ['a,"b"\tc', "=cmd|x"]


def test_a_query_file_of_any_format(tmp_path):
    path = tmp_path / "q.tsv"
    path.write_text(f"name\tsmiles\naspirin\t{ASPIRIN}\n")
    assert [draft.parent for draft in queries.parse_file(path).drafts] == [ASPIRIN]


def test_a_table_of_what_was_measured_gives_queries_and_inactives(tmp_path):
    path = tmp_path / "assay.csv"
    path.write_text(
        f"smiles,id,pIC50\n{ASPIRIN},good,7.2\nCCO,bad,4.1\nCCN,between,5.5\nC1CC,broken,8\n"
    )
    found = queries.parse_file(path)
    assert [draft.name for draft in queries.good(found.drafts)] == ["good"]
    assert [draft.name for draft in found.drafts if draft.error] == ["broken"]
    assert [draft.name for draft in found.inactives] == ["bad"]
    (note,) = found.notes
    assert note.startswith("assay.csv: column 'pIC50'")
    assert "1 active" in note
    assert "1 inactive" in note


def test_a_table_without_an_active_is_one_line(tmp_path):
    path = tmp_path / "assay.csv"
    path.write_text("smiles,id,pIC50\nCCO,bad,4.1\nCCN,worse,4.0\n")
    with pytest.raises(InputError, match="no molecule is active"):
        queries.parse_file(path)


def test_long_files_say_how_much_of_them_is_read(tmp_path, monkeypatch):
    path = tmp_path / "many.smi"
    path.write_text("".join(f"{'C' * (n + 1)} m{n}\n" for n in range(queries.MOST + 5)))
    found = queries.parse_file(path)
    assert len(found.drafts) == queries.MOST
    assert f"The first {queries.MOST} of {queries.MOST + 5}" in found.notes[0]


def test_examples_can_all_be_searched_with():
    found = queries.examples()
    assert len(found) == len(queries.good(found)) > 3


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_page(text):
    assert "<script" not in queries.chips(queries.parse_text(text)).lower()


def test_a_line_that_takes_too_long_is_an_error_of_its_own(monkeypatch):
    monkeypatch.setattr(queries, "LINE_SECONDS", 0.5)
    queries.parse_text("CCO warm")  # the processes are up
    real = queries._submit

    def submitted(number, line):
        slow = line.endswith("slow")
        return CHEMISTRY.submit(time.sleep, 60, seconds=0.5) if slow else real(number, line)

    monkeypatch.setattr(queries, "_submit", submitted)
    first, second, third = queries.parse_text("CCO\nCCN slow\nCCC")
    assert first.parent == "CCO"
    assert "seconds to read" in second.error
    assert third.parent == "CCC"
    assert good([first, second, third]) == [first, third]


def test_a_line_without_end_is_refused_unread():
    (draft,) = queries.parse_text("C" * 5000)
    assert "4,000 characters" in draft.error
    assert len(draft.smiles) == 200
