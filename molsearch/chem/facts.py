"""Every fact of a molecule, declared once: what it is called, what it means, how it is computed.

A fact is a column that depends on the parent alone. Facts of the first tier are computed when a
library is prepared; all others when somebody asks for them, for hits, for a filter, or for a
whole index, and are then kept beside it (`molsearch.index.facts`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from rdkit import Chem, rdBase
from rdkit.Chem import QED, Crippen, Descriptors, rdMolDescriptors

from molsearch.chem import rules
from molsearch.chem.alerts import alerts
from molsearch.chem.cns import cns_mpo
from molsearch.chem.open_stereo import n_unspecified_stereo
from molsearch.chem.scaffold import scaffold
from molsearch.errors import UsageError

Value = float | int | str
Tier = Literal["prepared", "asked"]
_RDKIT = "RDKit"


@dataclass(frozen=True, slots=True)
class Fact:
    """One column.

    Attributes
    ----------
    name
        Of the column.
    kind
        Type of its values.
    compute
        From the parent, as RDKit reads its canonical SMILES, to the value.
    label
        What people read.
    tier
        ``"prepared"``: with every library; ``"asked"``: when somebody asks.
    digits
        Decimals that the value deserves; None for whole numbers and text.
    unit
        Empty for none.
    source
        Who defined it, or whose implementation it is.
    cost
        About how many microseconds one molecule takes; a filter asks cheap ones first.
    """

    name: str
    kind: type[int] | type[float] | type[str]
    compute: Callable[[Chem.Mol], Value]
    label: str
    tier: Tier = "asked"
    digits: int | None = None
    unit: str = ""
    source: str = _RDKIT
    cost: int = 100

    def of(self, mol: Chem.Mol) -> Value:
        """Compute the value, rounded to `digits`."""
        value = self.compute(mol)
        return value if self.digits is None else round(value, self.digits)  # type: ignore[arg-type]


_TABLE: Final = (
    Fact("scaffold", str, scaffold, "Scaffold", source="Bemis and Murcko 1996", cost=200),
    Fact("alerts", str, alerts, "Alerts", source="PAINS (Baell 2010), Brenk 2008", cost=800),
    # Summed in the order of the canonical SMILES: another order may round to another last digit.
    Fact("mw", float, Descriptors.MolWt, "Molecular weight", digits=2, unit="g/mol", cost=2),
    Fact("clogp", float, Crippen.MolLogP, "clogP", digits=3, source="Crippen 1999", cost=150),
    Fact("tpsa", float, rdMolDescriptors.CalcTPSA, "TPSA", digits=2, unit="Å²", source="Ertl 2000"),
    Fact("hbd", int, rdMolDescriptors.CalcNumHBD, "H-bond donors", cost=10),
    Fact("hba", int, rdMolDescriptors.CalcNumHBA, "H-bond acceptors", cost=50),
    Fact("rotatable_bonds", int, rdMolDescriptors.CalcNumRotatableBonds, "Rotatable bonds"),
    Fact("heavy_atoms", int, Chem.Mol.GetNumHeavyAtoms, "Heavy atoms", "prepared", cost=1),
    Fact("formal_charge", int, Chem.GetFormalCharge, "Formal charge", "prepared", cost=1),
    Fact("n_unspecified_stereo", int, n_unspecified_stereo, "Open stereocentres"),
    Fact("inchikey", str, Chem.MolToInchiKey, "InChIKey", source="IUPAC InChI", cost=330),
    Fact("qed", float, QED.qed, "QED", digits=3, source="Bickerton 2012", cost=1900),
    Fact("fsp3", float, rdMolDescriptors.CalcFractionCSP3, "Fsp3", digits=3,
         source="Lovering 2009", cost=2),
    Fact("rings", int, rdMolDescriptors.CalcNumRings, "Rings", cost=1),
    Fact("aromatic_rings", int, rdMolDescriptors.CalcNumAromaticRings, "Aromatic rings", cost=2),
    Fact("cns_mpo", float, cns_mpo, "CNS MPO", digits=2,
         source="Wager 2010, pKa by class", cost=500),
    Fact("lipinski_violations", int, rules.lipinski_violations, "Rule-of-five violations",
         source="Lipinski 1997", cost=200),
    Fact("veber_violations", int, rules.veber_violations, "Veber violations",
         source="Veber 2002", cost=200),
    Fact("lead_violations", int, rules.lead_violations, "Lead-like violations",
         source="ZINC, Irwin 2012", cost=250),
    Fact("fragment_violations", int, rules.fragment_violations, "Rule-of-three violations",
         source="Congreve 2003", cost=200),
)  # fmt: skip

#: All facts by name.
FACTS: Final = {fact.name: fact for fact in _TABLE}
#: Those computed while a library is prepared.
PREPARED: Final = tuple(name for name, fact in FACTS.items() if fact.tier == "prepared")


def fact_names(texts: Sequence[str]) -> tuple[str, ...]:
    """Read what an option names: facts, separated by commas or repeated, or ``all``.

    Raises
    ------
    UsageError
        There is no such fact.
    """
    asked = [name.strip() for text in texts for name in text.split(",") if name.strip()]
    if unknown := [name for name in asked if name not in (*FACTS, "all")]:
        raise UsageError(f"no fact {unknown[0]!r}; there are {', '.join(FACTS)}, or all")
    return tuple(name for name in FACTS if "all" in asked or name in asked)


@dataclass(frozen=True, slots=True)
class Computed:
    """Facts of some molecules.

    Attributes
    ----------
    columns
        By name, one value a molecule; None where it could not be computed.
    reasons
        For each molecule why not, ``"inchikey: ..."``, joined by ``"; "``; empty where all could.
    """

    columns: dict[str, list[Value | None]]
    reasons: list[str]


def compute(parents: Sequence[str], names: Iterable[str]) -> Computed:
    """Compute facts of parents given by their SMILES; never raises for what one may hold."""
    wanted = [FACTS[name] for name in names]
    columns: dict[str, list[Value | None]] = {fact.name: [] for fact in wanted}
    reasons: list[str] = []
    with rdBase.BlockLogs():
        for smiles in parents:
            mol = Chem.MolFromSmiles(smiles)
            why: list[str] = []
            for fact in wanted:
                value = _one(fact, mol, why)
                columns[fact.name].append(value)
            reasons.append("; ".join(why))
    return Computed(columns, reasons)


def facts_of(mol: Chem.Mol, names: Iterable[str]) -> dict[str, Value]:
    """Compute facts of one parent; whatever RDKit raises is the caller's."""
    return {name: FACTS[name].of(mol) for name in names}


def known(mol: Chem.Mol, names: Iterable[str]) -> dict[str, Value | None]:
    """Compute facts of one parent; None for those that RDKit cannot compute."""
    return {name: _one(FACTS[name], mol, []) for name in names}


def _one(fact: Fact, mol: Chem.Mol | None, why: list[str]) -> Value | None:
    if mol is None:
        why.append(f"{fact.name}: RDKit cannot read the parent")
        return None
    try:
        return fact.of(mol)
    except (ValueError, RuntimeError, ArithmeticError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        why.append(f"{fact.name}: {first[:200]}")
        return None
