"""Drawings: harmless on a page, good in both colour schemes, and turned like the query."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molsearch.chem import draw
from molsearch.chem.draw import data_url, svg
from molsearch.chem.orient import Frame
from molsearch.errors import InputError

GEFITINIB = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1"
ERLOTINIB = "COCCOc1cc2ncnc(Nc3cccc(C#C)c3)c2cc1OCCOC"
PELITINIB = "CCOc1cc2ncc(C#N)c(Nc3ccc(F)c(Cl)c3)c2cc1NC(=O)/C=C/CN(C)C"
ASPIRIN = "CC(=O)Oc1ccccc1C(=O)O"


def coordinates(smiles: str, align_to: str | None = None) -> np.ndarray:
    mol = draw.laid_out(smiles)
    if align_to is not None:
        Frame(draw.laid_out(align_to)).align(mol)
    return np.asarray(mol.GetConformer().GetPositions()[:, :2])


def shared_shape(smiles: str, smarts: str, align_to: str | None = None) -> np.ndarray:
    """Return the centred 2D coordinates of the atoms that match `smarts`."""
    match = Chem.MolFromSmiles(smiles).GetSubstructMatch(Chem.MolFromSmarts(smarts))
    points = coordinates(smiles, align_to)[list(match)]
    return points - points.mean(axis=0)


def test_is_one_well_formed_svg_of_the_asked_size() -> None:
    root = ET.fromstring(svg(GEFITINIB, (300, 200)))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.attrib["viewBox"] == "0 0 300 200"
    assert len(list(root)) > 20


def test_has_no_background_and_takes_the_colour_of_the_text() -> None:
    drawing = svg(ASPIRIN)
    assert "<rect" not in drawing
    assert "currentColor" in drawing
    assert "#FFFFFF" not in drawing.upper()
    assert "#000000" not in drawing
    assert draw._CARBON not in drawing


def test_many_drawings_fit_on_a_page_without_clashing() -> None:
    drawing = svg(ASPIRIN)
    assert " id=" not in drawing
    assert " class=" not in drawing
    assert "<?xml" not in drawing
    assert len(svg(GEFITINIB)) < 12_000


def test_oxygen_is_coloured_and_hydrocarbons_are_not() -> None:
    red = draw.PALETTE[8].upper()
    assert red in svg(ASPIRIN).upper()
    assert red not in svg("c1ccccc1").upper()


@pytest.mark.parametrize(
    ("hit", "common"),
    [(ERLOTINIB, "c1ccc(cc1)Nc1ncnc2ccccc12"), (PELITINIB, "c1ccc(cc1)Nc1ccnc2ccccc12")],
)
def test_hit_lies_like_the_query(hit: str, common: str) -> None:
    shape = common.replace("ncnc2", "[c,n]cnc2").replace("ccnc2", "[c,n]cnc2")
    theirs = shared_shape(GEFITINIB, shape)
    aligned = shared_shape(hit, shape, align_to=GEFITINIB)
    core = slice(6, None)  # NH and the bicycle; the phenyl ring may be matched either way round
    error = np.abs(aligned[core] - theirs[core]).max()
    free = np.abs(shared_shape(hit, shape)[core] - theirs[core]).max()
    assert error < 0.3
    assert free > error


def test_nothing_in_common_leaves_the_drawing_alone() -> None:
    assert np.allclose(coordinates("CCCCN"), coordinates("CCCCN", align_to=GEFITINIB))
    assert svg("CCCCN", align_to=GEFITINIB) == svg("CCCCN")


def test_alignment_never_changes_the_query_template() -> None:
    before = coordinates(GEFITINIB)
    svg(ERLOTINIB, align_to=GEFITINIB)
    svg(GEFITINIB, align_to=ERLOTINIB)
    assert np.array_equal(before, coordinates(GEFITINIB))


def test_highlight_tints_the_match_only() -> None:
    assert svg(ASPIRIN, highlight="C(=O)[OX2H]") != svg(ASPIRIN)
    assert svg(ASPIRIN, highlight="[#7]") == svg(ASPIRIN)


def test_wedge_is_drawn() -> None:
    assert svg("C[C@H](N)C(=O)O") != svg("C[C@@H](N)C(=O)O")


@pytest.mark.parametrize("smiles", ["", "c1ccc", "<script>alert(1)</script>", "C(C)(C)(C)(C)C"])
def test_unreadable_structure_is_a_clear_error(smiles: str) -> None:
    with pytest.raises(InputError, match="cannot draw"):
        svg(smiles)


def test_bad_smarts_is_a_clear_error() -> None:
    with pytest.raises(InputError, match="not a SMARTS"):
        svg(ASPIRIN, highlight="[[[")


@pytest.mark.parametrize(
    "smiles", ["[Na+].[Cl-]", "C", "[H][H]", "c1ccc2c(c1)[nH]c1ccccc12", "[2H]C([2H])([2H])O", "*C"]
)
def test_odd_molecules_are_drawn(smiles: str) -> None:
    assert ET.fromstring(svg(smiles, align_to=GEFITINIB)).tag.endswith("svg")


def test_data_url_is_a_drawing_with_its_own_colours() -> None:
    head, payload = data_url(svg(ASPIRIN), light="#111111", dark="#eeeeee").split(",", 1)
    assert head == "data:image/svg+xml;base64"
    text = base64.b64decode(payload).decode()
    assert ET.fromstring(text).tag.endswith("svg")
    assert "svg{color:#111111}" in text
    assert "prefers-color-scheme:dark" in text


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_drawn_or_refused(text: str) -> None:
    try:
        drawing = svg(text)
    except InputError:
        return
    assert ET.fromstring(drawing).tag.endswith("svg")
