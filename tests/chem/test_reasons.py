"""Records that cannot become a parent say why: RDKit's own reason, and the line."""

from __future__ import annotations

import logging
import threading

import pytest
from rdkit import Chem, rdBase

from molsearch.chem.prepare import prepare_record
from molsearch.chem.rdkit_log import heard
from molsearch.config import PrepareConfig
from molsearch.schema import Failure, Prepared, Record

FLAT = PrepareConfig(n_conformers=0)


def block(atoms: str, bonds: str = "121", properties: str = "") -> str:
    """A V2000 block; a bond is three digits: first atom, last atom, order."""
    symbols, orders = atoms.split(), bonds.split()
    lines = [
        "title",
        "  hand",
        "",
        f"{len(symbols):3}{len(orders):3}  0  0  0  0  0  0  0  0999 V2000",
    ]
    lines += [f"{x:10.4f}{0:10.4f}{0:10.4f} {symbol:3} 0  0" for x, symbol in enumerate(symbols)]
    lines += [f"{first:>3}{last:>3}{order:>3}" for first, last, order in orders]
    return "\n".join([*lines, *properties.splitlines(), "M  END", ""])


V3000 = """

hand
  0  0  0     0  0            999 V3000
M  V30 BEGIN CTAB
M  V30 COUNTS 2 1 0 0 0
M  V30 BEGIN ATOM
M  V30 1 C 0 0 0 0
M  V30 2 O 1 0 0 0
M  V30 END ATOM
M  V30 BEGIN BOND
M  V30 1 1 1 2
M  V30 END BOND
M  V30 END CTAB
M  END
"""


def outcome(text: str) -> Prepared | Failure:
    given = {"molblock": text} if "\n" in text else {"smiles": text}
    return prepare_record(Record(1, "t.sdf", 1, "m", **given), FLAT)


def reason(text: str) -> str:
    found = outcome(text)
    assert isinstance(found, Failure), found
    return found.reason


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (block("C Xx"), ["no element 'Xx'", "line 6"]),
        (block("C C").replace("  1  2  1", "  1  x  1"), ["' x'", "line 7"]),
        (block("C C").replace("    1.0000", "    1.0o00"), ["coordinates", "line 6"]),
        (block("C C", "131"), ["atom 3", "there are 2", "line 7"]),
        (block("C C", "121", "M  CHG  1   5   1"), ["atom 5", "line 8"]),
        (block("C").replace("  1  1  0", "  3  1  0"), ["line 6"]),
        (V3000.replace("1 C 0", "1 Zz 0"), ["no element 'Zz'", "line 8"]),
        (V3000.replace("1 1 1 2", "1 1 1 9"), ["atom 9", "there are 2", "line 12"]),
        (V3000.replace("BEGIN ATOM", "BEGIN ATMO"), ["BEGIN ATOM", "line 7"]),
        (V3000.replace("M  V30 2 O", "M V30 2 O"), ["Line 9 does not start with"]),
        (block("C C C C C C", "121 131 141 151 161"), ["valence", "C, 5"]),
    ],
)
def test_mol_blocks(text: str, parts: list[str]) -> None:
    found = reason(text)
    assert all(part in found for part in parts), found
    assert "Violation" not in found
    assert len(found) < 200


@pytest.mark.parametrize(
    "smiles",
    [
        "[CH]12[CH]3[CH]4[CH]5[CH]1[Fe]23456789[CH]1[CH]6[CH]7[CH]8[CH]91",
        "CC(=O)C1=CC=C[CH]1[Fe]",
    ],
)
def test_a_ring_bound_to_iron(smiles: str) -> None:
    found = reason(smiles)
    assert "bound to Fe" in found
    assert "leave the complex out" in found


def test_a_ring_that_only_its_charge_holds_together() -> None:
    found = reason("[Fe+2].c1cc[cH-]c1.c1cc[cH-]c1")
    assert "c1cccc1: Can't kekulize" in found
    assert "leave it out" in found


ALIAS = "A    {}\n{}"
SRU = "M  STY  1   1 SRU\nM  SAL   1  1   2\nM  SBL   1  2   1   2\nM  SMT   1 n"


@pytest.mark.parametrize(
    ("properties", "part"),
    [
        (ALIAS.format(3, "COOH"), "abbreviation 'COOH' at atom 3"),
        (ALIAS.format(1, "Boc"), "abbreviation 'Boc' at atom 1"),
        (ALIAS.format(3, "NH2"), "abbreviation 'NH2' at atom 3"),
        (SRU, "polymer (SRU)"),
        ("M  APO  1   1   1", "attachment point at atom 1"),
    ],
)
def test_records_that_hold_less_than_a_molecule(properties: str, part: str) -> None:
    assert part in reason(block("C N C", "121 231", properties))


@pytest.mark.parametrize("text", ["C", "CH3", "H3C", "Me", "1", "3'", "CH 3"])
def test_an_alias_that_says_what_the_atom_is(text: str) -> None:
    found = outcome(block("C N C", "121 231", ALIAS.format(3, text)))
    assert isinstance(found, Prepared)
    assert found.parent_smiles == "CNC"


def test_attachment_points_and_polymers_of_v3000_and_cxsmiles() -> None:
    assert "attachment point at atom 2" in reason(
        V3000.replace("2 O 1 0 0 0", "2 O 1 0 0 0 ATTCHPT=1")
    )
    assert "polymer" in reason("CCOC |Sg:n:1,2:n:ht|")
    group = "M  V30 BEGIN SGROUP\nM  V30 1 SRU 1 ATOMS=(1 1) LABEL=n\nM  V30 END SGROUP\n"
    counted = V3000.replace("COUNTS 2 1 0", "COUNTS 2 1 1")
    assert "polymer (SRU)" in reason(counted.replace("M  V30 END CTAB", f"{group}M  V30 END CTAB"))


def test_drawn_groups_whose_atoms_are_there_are_molecules() -> None:
    superatom = "M  STY  1   1 SUP\nM  SAL   1  1   3\nM  SMT   1 OMe"
    assert isinstance(outcome(block("C O C", "121 231", superatom)), Prepared)


def test_listening_leaves_the_log_as_it_was(capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("rdkit")
    before = (rdBase.LogStatus(), list(logger.handlers), logger.propagate)
    with heard() as lines:
        Chem.MolFromMolBlock(block("C Xx"))
        other = threading.Thread(target=Chem.MolFromSmiles, args=("C(((",))
        other.start()
        other.join()
    assert "Element 'Xx' not found" in lines
    assert not any("SMILES" in line for line in lines)
    assert capfd.readouterr().err == ""
    assert (rdBase.LogStatus(), logger.handlers, logger.propagate) == before
    Chem.MolFromSmiles("C(((")
    assert "SMILES Parse Error" in capfd.readouterr().err
