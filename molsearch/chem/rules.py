"""Rules of thumb for drugs, leads and fragments: how many of its limits a molecule passes over."""

from __future__ import annotations

from typing import Final

from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

#: Presets of a filter: what a molecule of each kind fulfils.
PRESETS: Final = {
    "lipinski": "lipinski_violations<=1",
    "veber": "veber_violations=0",
    "lead": "lead_violations=0",
    "fragment": "fragment_violations=0",
}


def lipinski_violations(mol: Chem.Mol) -> int:
    """Count what is out of the rule of five; two and more mean poor absorption is likely.

    Lipinski et al., Adv. Drug Deliv. Rev. 1997, 23, 3: molecular weight over 500, log P over 5,
    more than 5 N-H and O-H, more than 10 N and O; donors and acceptors are counted as there.
    """
    return sum(
        (
            Descriptors.MolWt(mol) > 500,
            Crippen.MolLogP(mol) > 5,
            rdMolDescriptors.CalcNumLipinskiHBD(mol) > 5,
            rdMolDescriptors.CalcNumLipinskiHBA(mol) > 10,
        )
    )


def veber_violations(mol: Chem.Mol) -> int:
    """Count what is out of Veber's limits for oral bioavailability in rats.

    Veber et al., J. Med. Chem. 2002, 45, 2615: more than 10 rotatable bonds, polar surface over
    140 Å².
    """
    rotatable = rdMolDescriptors.CalcNumRotatableBonds(mol)
    return (rotatable > 10) + (rdMolDescriptors.CalcTPSA(mol) > 140)


def lead_violations(mol: Chem.Mol) -> int:
    """Count what is out of the lead-like subset of ZINC.

    Irwin et al., J. Chem. Inf. Model. 2012, 52, 1757, after Teague et al., Angew. Chem. Int. Ed.
    1999, 38, 3743: molecular weight not within 250 to 350, log P over 3.5, more than 7 rotatable
    bonds.
    """
    return sum(
        (
            not 250 <= Descriptors.MolWt(mol) <= 350,
            Crippen.MolLogP(mol) > 3.5,
            rdMolDescriptors.CalcNumRotatableBonds(mol) > 7,
        )
    )


def fragment_violations(mol: Chem.Mol) -> int:
    """Count what is out of the rule of three.

    Congreve et al., Drug Discov. Today 2003, 8, 876: molecular weight of 300 or more, log P over
    3, more than 3 donors, more than 3 acceptors. Its rotatable bonds (3) and polar surface (60),
    which "might also be useful", do not count.
    """
    return sum(
        (
            Descriptors.MolWt(mol) >= 300,
            Crippen.MolLogP(mol) > 3,
            rdMolDescriptors.CalcNumHBD(mol) > 3,
            rdMolDescriptors.CalcNumHBA(mol) > 3,
        )
    )
