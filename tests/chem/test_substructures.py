"""Bits that rule substructures out: none of a molecule that contains the pattern may be lacking."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase
from rdkit.Chem.Scaffolds import MurckoScaffold

from molsearch.bundled import example
from molsearch.chem.filters import SmartsFilter
from molsearch.chem.substructures import N_BYTES, may_contain, probes, screen_bits

ODD = [
    "*c1ccccc1", "C*", "[Na+].[Cl-]", "[2H]C([2H])([2H])O", "C[N+](C)(C)C", "[H][H]", "[NH4+]",
    "[Fe+2]", "N->[Pt](Cl)Cl", "C~C", "[O-][n+]1ccccc1", "C1CC1", "c1cc[se]c1", "B(O)O", "[13CH4]",
    "F/C=C/F", "N[C@@H](C)C(=O)O", "c1ccc2c(c1)c1ccccc1c1ccccc12", "CC(=O)O.CCN", "C#C",
    "[C-]#[O+]",
]  # fmt: skip


@pytest.fixture(scope="module")
def real():
    """The example library, drugs, their frameworks, and some that are odd; and their bits."""
    texts = list(ODD)
    for name in ("library", "drugs", "blocks", "development"):
        with (example() / f"{name}.csv").open(encoding="utf-8") as handle:
            texts += [row["smiles"] for row in csv.DictReader(handle)]
    with rdBase.BlockLogs():
        mols = [mol for text in dict.fromkeys(texts) if (mol := Chem.MolFromSmiles(text))]
        parents = list(dict.fromkeys(Chem.MolToSmiles(mol) for mol in mols))
        frames = {MurckoScaffold.MurckoScaffoldSmiles(mol=mol) for mol in mols} - {"", *parents}
    parents += sorted(frames)
    assert len(parents) > 3000
    return [Chem.MolFromSmiles(parent) for parent in parents], screen_bits(parents)


def missed(real, smarts):
    """Molecules that contain a pattern though their bits say that they cannot; and the rest."""
    mols, bits = real
    pattern = Chem.MolFromSmarts(smarts)
    there = np.array([mol.HasSubstructMatch(pattern) for mol in mols])
    left = may_contain(bits, probes(pattern))
    return int((there & ~left).sum()), int(there.sum()), int(left.sum())


SMARTS = [
    "C(F)(F)F", "[!#6]", "[!#6]~[#6]", "[$(C=O)]N", "[!$(C=O)]N", "[C,N;H1]O", "[#6]1~[#7]~[#6]~1",
    "[R]1[R][R]1", "[r5]", "[R2]", "[N+]", "[n+]", "[O-]", "[N+](=O)[O-]", "[C@H](N)C", "F/C=C/F",
    "F/C=C\\F", "c1ccccc1.c1ccccc1", "[Na+].[Cl-]", "[2H]", "[2H]C", "[H]", "[#1]C", "*", "[*]~[*]",
    "[#0]", "*c", "[#0]c1ccccc1", "A", "a:a", "C@C", "C!@C", "c-c", "c!:c", "C=,#C", "C~C", "[CH3]",
    "[nH]", "[X4]", "[D3]", "[v4]", "[#6;!$(C=O)]-[OD1H1]", "[Cl,Br,I]c", "[!C&!c]", "[C;N]",
    "[13C]", "[se]", "[#34]", "B", "[Fe+2]", "[Pt]", "N->[Pt]", "[Pt]Cl",
    "[C,c,N,n,O,o]~[C,c,N,n]~[#6,#7,#8]",
    "[#6]~[#6]~[#6]~[#6]~[#6]~[#6]~[#6]", "[$([NX3;H2]),$([NX3;H1]);!$(NC=O)]", "[!N,C]O",
    "CC(=O)O.CCN", "C1CC1", "c1ccc2c(c1)cccc2", "[R0]C", "[x3]", "[z1]", "[^2]C",
    "[C:1][N:2]", "[N&X3]C(=O)",
]  # fmt: skip


@pytest.mark.parametrize("smarts", SMARTS)
def test_no_molecule_with_the_pattern_is_ruled_out(real, smarts):
    assert missed(real, smarts)[0] == 0


@pytest.mark.parametrize(
    ("smarts", "most"),
    [("C(F)(F)(F)c1ccncc1", 0.04), ("[Cl,Br]c1ccncc1", 0.15), ("[#53]", 0.02), ("[C;N]", 0.002)],
)
def test_few_that_lack_a_rare_pattern_are_left(real, smarts, most):
    _, n_there, n_left = missed(real, smarts)
    assert n_left <= n_there + most * len(real[0])


ATOMS = [
    "[#{n}]", "[!#1]", "*", "[#{n},#7]", "[{s};!$({s}#N)]", "[$({s})]", "[{s},{s}]", "[{s};R]",
    "[{s};+0]", "[!#{n}]", "[{s}:7]", "[#6,#7,#8,#16,#9,#17]",
]  # fmt: skip
BONDS = ["", "~", "-,=,:,#", "@", "!@", "!#"]


@st.composite
def patterns(draw):
    """A piece of a molecule of the library, some of its atoms and bonds made more general."""

    def make(mols):
        mol = mols[draw(st.integers(0, len(mols) - 1))]
        chosen = {draw(st.integers(0, mol.GetNumAtoms() - 1))}
        for _ in range(draw(st.integers(1, 9))):
            near = {n.GetIdx() for i in chosen for n in mol.GetAtomWithIdx(i).GetNeighbors()}
            if near - chosen:
                chosen.add(draw(st.sampled_from(sorted(near - chosen))))
        symbols = {}
        for place in sorted(chosen):
            atom = mol.GetAtomWithIdx(place)
            symbol = atom.GetSymbol().lower() if atom.GetIsAromatic() else atom.GetSymbol()
            form = draw(st.sampled_from(["[{s}]"] * 8 + ATOMS))
            if symbol.lower() == "h" or symbol == "*":
                form = "[#{n}]"
            symbols[place] = form.format(s=symbol, n=atom.GetAtomicNum())
        bonds = [draw(st.sampled_from([""] * 8 + BONDS)) for _ in mol.GetBonds()]
        return Chem.MolFragmentToSmiles(
            mol, sorted(chosen), allBondsExplicit=False, bondSymbols=bonds,
            atomSymbols=[symbols.get(i, "*") for i in range(mol.GetNumAtoms())],
        )  # fmt: skip

    return make


@settings(max_examples=120, deadline=None)
@given(makers=st.lists(patterns(), min_size=1, max_size=2))
def test_no_piece_of_a_molecule_however_general_rules_out_what_contains_it(real, makers):
    smarts = ".".join(make(real[0]) for make in makers)
    if Chem.MolFromSmarts(smarts) is None:
        return
    assert missed(real, smarts)[0] == 0, smarts


def test_what_cannot_be_read_or_stands_for_several_things_is_never_ruled_out():
    bits = screen_bits(["no structure", "CC~C", "CC"])
    asked = probes(Chem.MolFromSmarts("[C;N]"))
    assert may_contain(bits, asked).tolist() == [True, True, False]


def test_a_pattern_of_what_may_be_anything_asks_nothing():
    assert not probes(Chem.MolFromSmarts("[!#6]~[R]~*")).any()
    assert probes(Chem.MolFromSmarts("CC")).shape == (1, N_BYTES)


def test_a_filter_gives_the_probes_of_its_patterns():
    include, exclude = SmartsFilter(["[Cl,Br]"], ["N", "[#7]"]).probes
    assert [len(one) for one in include] == [2]
    assert [len(one) for one in exclude] == [1, 2]
