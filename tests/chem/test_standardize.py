from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from molsearch.chem.parse import RejectedError, parse
from molsearch.chem.standardize import canonical_parent, parent_of
from molsearch.schema import Record


def parent(smiles: str, limit: int = 300) -> str:
    with rdBase.BlockLogs():
        return canonical_parent(parent_of(parse(Record(1, "t", 1, "m", smiles)), limit))[0]


def reason(smiles: str, limit: int = 300) -> tuple[str, str]:
    with pytest.raises(RejectedError) as caught:
        parent(smiles, limit)
    return caught.value.stage, str(caught.value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("[Na+].[O-]C(=O)c1ccccc1", "O=C(O)c1ccccc1"),
        ("[Na]OC(=O)c1ccccc1", "O=C(O)c1ccccc1"),
        ("[O-]C(=O)CC[NH3+]", "NCCC(=O)O"),
        ("C[NH+](C)Cc1ccccc1.[Cl-]", "CN(C)Cc1ccccc1"),
        ("C[N+](C)(C)CC(=O)[O-]", "C[N+](C)(C)CC(=O)[O-]"),
        ("C[N+](C)(C)CCO.[Br-]", "C[N+](C)(C)CCO"),
        ("O=C([O-])c1ccc([N+](=O)[O-])cc1.[K+]", "O=C(O)c1ccc([N+](=O)[O-])cc1"),
        ("CN(=O)=O", "C[N+](=O)[O-]"),
        ("[O-][n+]1ccccc1", "[O-][n+]1ccccc1"),
        ("CCN=[N+]=[N-]", "CCN=[N+]=[N-]"),
        ("CS(C)=O", "C[S+](C)[O-]"),
        ("C[S+2]([O-])([O-])C", "CS(C)(=O)=O"),
        ("[O-]c1cccc[n+]1C", "Cn1ccccc1=O"),
        ("[2H]C([2H])([2H])OC", "[2H]C([2H])([2H])OC"),
        ("[13CH3]CO", "[13CH3]CO"),
        ("[H]/N=C(/N)c1ccccc1", "N=C(N)c1ccccc1"),
        ("CC(=O)[O-].[Cu+2].CCCCC(=O)[O-]", "CCCCC(=O)O"),
        ("C[C@@H](N)C(=O)[O-].[Na+]", "C[C@@H](N)C(=O)O"),
        ("CN.OC(=O)[O-]", "CN"),
    ],
)
def test_parent(given: str, expected: str) -> None:
    assert parent(given) == expected


@pytest.mark.parametrize(
    ("given", "stage", "part"),
    [
        ("[Na+].[Cl-]", "standardize", "no organic fragment"),
        ("[Na+].OC(=O)[O-]", "standardize", "no organic fragment"),
        ("Cl[Pt](Cl)(N)N", "standardize", "no organic fragment"),
        ("C*", "standardize", "dummy atom"),
        ("CC~C", "parse", "search pattern"),
        ("", "parse", "empty SMILES"),
        ("CC>>CO", "parse", "reaction"),
        ("CN(C)(C)C", "parse", "valence"),
        ("c1cccc1", "parse", "kekulize"),
        ("c1ccc2c1", "parse", "ring bond 2"),
        ("CC(C", "parse", "parentheses"),
        ("C[NH3+", "parse", "brackets"),
        ("not a molecule", "parse", "not a readable SMILES"),
    ],
)
def test_what_is_no_molecule_fails_with_its_reason(given: str, stage: str, part: str) -> None:
    found, text = reason(given)
    assert found == stage
    assert part in text


def test_size_limit_is_on_the_parent() -> None:
    assert parent("C" * 10, limit=10) == "C" * 10
    assert reason("C" * 11, limit=10) == (
        "standardize",
        "too large: 11 heavy atoms, limit 10",
    )
    assert parent("CCCCCC.CCC", limit=6) == "CCCCCC"


def test_stereo_and_isotopes_separate_parents() -> None:
    for one, other in [
        ("C[C@H](O)CC", "C[C@@H](O)CC"),
        ("C/C=C/CO", r"C/C=C\CO"),
        ("C[C@H](O)C(C)=O", "C[C@@H](O)C(C)=O"),
        ("C[S@](=O)CC", "C[S@@](=O)CC"),
        ("CO", "[2H]CO"),
    ]:
        assert parent(one) != parent(other)


def test_drawings_of_one_sulfoxide_agree_with_their_stereo() -> None:
    assert parent("CC[S@@](C)=O") == parent("CC[S@@+](C)[O-]")


def test_ties_between_fragments_do_not_depend_on_their_order() -> None:
    assert parent("CCCO.CCCN") == parent("CCCN.CCCO") == "CCCO"
    assert parent("C[C@H](F)Cl.C[C@@H](F)Cl") == parent("C[C@@H](F)Cl.C[C@H](F)Cl")


_PIECES = [
    "C",
    "N",
    "O",
    "c1ccccc1",
    "C(=O)O",
    "C(=O)[O-]",
    "[NH3+]",
    "S(C)=O",
    "[N+](=O)[O-]",
    "F",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=4), st.booleans())
def test_a_parent_is_its_own_parent(pieces: list[str], salt: bool) -> None:
    smiles = "CC" + "".join(f"C({piece})" for piece in pieces) + (".[Na+]" if salt else "")
    once = parent(smiles)
    assert parent(once) == once
    assert Chem.CanonSmiles(once) == once
