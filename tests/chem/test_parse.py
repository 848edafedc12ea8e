from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from molsearch.chem.parse import RejectedError, parse
from molsearch.chem.standardize import parent_of
from molsearch.schema import Record


def of_block(block: str) -> Record:
    return Record(1, "t.sdf", 1, "m", molblock=block)


def test_empty_mol_block_has_no_atoms() -> None:
    with pytest.raises(RejectedError, match="no atoms"):
        parse(of_block(Chem.MolToMolBlock(Chem.Mol())))


def test_v3000_reads_like_v2000() -> None:
    mol = Chem.MolFromSmiles("C[C@H](N)C(=O)O")
    for block in (Chem.MolToMolBlock(mol), Chem.MolToV3KMolBlock(mol)):
        assert parse(of_block(block)).GetNumAtoms() == 6


@pytest.mark.parametrize("smarts", ["C-[N,O]", "C~N", "C-[!C]", "C-*"])
def test_query_mol_block_is_no_molecule(smarts: str) -> None:
    block = Chem.MolToMolBlock(Chem.MolFromSmarts(smarts))
    with rdBase.BlockLogs(), pytest.raises(RejectedError, match=r"search pattern|dummy atom"):
        parent_of(parse(of_block(block)), 300)


@pytest.mark.parametrize("block", ["junk", "a\nb\nc\n999 999\nM  END\n", "\n\n\n  x  y V2000\n"])
def test_bad_counts_line_fails_with_a_reason(block: str) -> None:
    with rdBase.BlockLogs(), pytest.raises(RejectedError, match=r"mol block|atoms"):
        parse(of_block(block))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="CNOcn()[]=#123%+-@/\\.*HClBr ~$>:|", max_size=30))
def test_any_text_is_a_molecule_or_a_reason(text: str) -> None:
    with rdBase.BlockLogs():
        try:
            stage, outcome = "parse", str(parse(Record(1, "t", 1, "m", text)).GetNumAtoms())
        except RejectedError as error:
            stage, outcome = error.stage, str(error)
    assert stage == "parse"
    assert outcome not in ("", "0")
