"""CNS MPO: six properties of drugs that reach the brain, as one desirability from 0 to 6."""

from __future__ import annotations

import math
from functools import cache

from rdkit import Chem
from rdkit.Chem import Crippen, Descriptors, rdMolDescriptors

_PH = 7.4
# Typical pKa of a base's conjugate acid by its class, the strongest counts.
# RDKit has no model of pKa; within a class real values spread by about one unit.
_AMINE = (
    "[NX3;!$(N-[!#6;!#1]);!$(N-[a]);!$(N-[CX3]=[O,S,N]);!$(N-[CX2]);$(N-[CX4]);!$(N-C=C)"
    ";!$(N-C-C(F)(F)F)]"
)
_BASES = (
    ("[NX3][CX3](=[NX2;!$(N-[#6]=O);!$(N-C#N);!$(N-S)])[NX3]", 13.0),  # guanidine
    ("[#6][CX3](=[NX2;!$(N-[#6]=O);!$(N-[#8])])[NX3;!$(N-*=[O,S])]", 11.5),  # amidine
    ("[NX3;H2;$(N-[CX4]);!$(N-C-C(F)(F)F)]", 9.8),  # primary amine
    (_AMINE.replace("$(N-[CX4])", "$(N-[CX4]);!$(N1CCOCC1);!$(N1CCN(-[a])CC1)"), 9.3),
    ("[NX3;$(N1CCOCC1);!$(N-[a]);!$(N-*=[O,S])]", 7.4),  # morpholine
    ("[NX3;$(N1CCN(-[a])CC1);!$(N-[a]);!$(N-*=[O,S])]", 7.6),  # arylpiperazine
    ("[nX2;$(n1c[nX3]cc1)]", 7.0),  # imidazole
    ("[nX2;$(n1ccccc1);!$(n1cnccc1);!$(n1ccncc1);!$(n:n)]", 5.2),  # pyridine, quinoline
    ("[NX3;H2,H1;$(N-[c]);!$(N-*=[O,S])]", 4.6),  # aniline
)  # fmt: skip


@cache
def _patterns() -> tuple[tuple[Chem.Mol, float], ...]:
    return tuple((Chem.MolFromSmarts(smarts), pka) for smarts, pka in _BASES)


def base_pka(mol: Chem.Mol) -> float:
    """Estimate the pKa of the strongest base of a neutral parent by its class; 0 for none."""
    found = (pka for pattern, pka in _patterns() if mol.HasSubstructMatch(pattern))
    return max(found, default=0.0)


def cns_mpo(mol: Chem.Mol) -> float:
    """Sum six desirabilities, 0 to 1 each; four and more is the neighbourhood of CNS drugs.

    Wager et al., ACS Chem. Neurosci. 2010, 1, 435. Its log P is Crippen's here, its pKa that of
    the base's class (`base_pka`), its log D at pH 7.4 that of a single base of this pKa; acids
    count as neutral. Read it as an estimate: the published tool uses measured-data models.
    """
    log_p, pka = Crippen.MolLogP(mol), base_pka(mol)
    log_d = log_p - math.log10(1.0 + 10.0 ** (pka - _PH))
    tpsa = rdMolDescriptors.CalcTPSA(mol)
    return sum(
        (
            _falling(log_p, 3.0, 5.0),
            _falling(log_d, 2.0, 4.0),
            _falling(Descriptors.MolWt(mol), 360.0, 500.0),
            min(_falling(tpsa, 90.0, 120.0), 1.0 - _falling(tpsa, 20.0, 40.0)),
            _falling(rdMolDescriptors.CalcNumHBD(mol), 0.5, 3.5),
            _falling(pka, 8.0, 10.0),
        )
    )


def _falling(value: float, best: float, worst: float) -> float:
    """Fall from 1 at `best` and below to 0 at `worst` and above, in a straight line."""
    return min(1.0, max(0.0, (worst - value) / (worst - best)))
