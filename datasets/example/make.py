"""Make the example library: known drugs plus molecules enumerated from building blocks.

Reads ``drugs.csv`` and ``blocks.csv`` beside this file and writes ``library.csv``. The same
seed gives the same library. Run it from anywhere: ``python datasets/example/make.py``.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from rdkit import Chem, RDLogger
from rdkit.Chem import Crippen, Descriptors, Lipinski, rdChemReactions, rdMolDescriptors

HERE = Path(__file__).resolve().parent
COLUMNS = ("smiles", "molecule_id", "name", "drug_class", "origin")
SEED = 20
N_ENUMERATED = 2000

# Nitrogens that acylate, sulfonylate and substitute: amines and anilines, not amides or azoles.
_AMINE = "[NX3;H2,H1;!$(NC=[O,S,N]);!$(NS(=O)=O);!$(N[N,O]);!$(N=*):2]"
_ALKYL_AMINE = "[NX3;H2,H1;!$(NC=[O,S,N]);!$(NS(=O)=O);!$(Nc);!$(N[N,O]):2]"
REACTIONS = {
    "amide": f"[C:1](=[O:3])[OX2H].{_AMINE}>>[C:1](=[O:3])[N:2]",
    "sulfonamide": f"[S:1](=[O:3])(=[O:4])Cl.{_AMINE}>>[S:1](=[O:3])(=[O:4])[N:2]",
    "urea": f"[N:1]=[C:3]=[O:4].{_AMINE}>>[N:1][C:3](=[O:4])[N:2]",
    "reductive amination": f"[CX3H1:1](=O)[#6:3].{_ALKYL_AMINE}>>[C:1]([#6:3])[N:2]",
    "SNAr": f"[c;$(c:[n,c]):1]Cl.{_AMINE}>>[c:1][N:2]",
    "Suzuki": "[c:1]Br.[#6:2]B(O)O>>[c:1]-[#6:2]",
    "ether": "[c:1][OX2H:3].[CX4H2:2]Br>>[c:1][O:3][C:2]",
    # the ketone beside methyl or trifluoromethyl ends beside N2, as in celecoxib
    "pyrazole": "[NH2:1][NH:2][#6:3].[CX4;H3,$(C(F)(F)F):8][C:4](=O)[CH2:5][C:6](=O)[#6:7]"
    ">>[#6:3][N:2]1[N:1]=[C:4]([C:8])[C:5]=[C:6]1[#6:7]",
    "thiazole": "[C:1](=O)[CH2:2]Br.[NH2][C:3]=[S:4]>>[c:1]1[c:2][s:4][c:3]n1",
    "benzimidazole": "[c:1]([NH2:3])[c:2][N;H2,H1:4].[CX3H1:5](=O)[#6:6]"
    ">>[c:1]1[N:3]=[C:5]([#6:6])[N:4][c:2]1",
    "triazole": "[#6:1][N:2]=[N+:3]=[N-:4].[CH:5]#[C:6][#6:7]"
    ">>[#6:1][N:2]1[N+0:3]=[N+0:4][C:6]([#6:7])=[C:5]1",
    "deprotection": "[N:1]C(=O)OC(C)(C)C>>[N:1]",
}
# Reactions whose possible products are tautomers of one another: any of them will do.
_TAUTOMERIC = {"benzimidazole"}
# first block's role, then (reaction, role of its second block); "" where it needs no second block
ROUTES: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("acid", (("amide", "amine"),)),
    ("sulfonyl_chloride", (("sulfonamide", "amine"),)),
    ("isocyanate", (("urea", "amine"),)),
    ("aldehyde", (("reductive amination", "amine"),)),
    ("heteroaryl_chloride", (("SNAr", "amine"),)),
    ("phenol", (("ether", "alkyl_halide"),)),
    ("hydrazine", (("pyrazole", "diketone"),)),
    ("haloketone", (("thiazole", "thiourea"),)),
    ("arenediamine", (("benzimidazole", "aldehyde"),)),
    ("azide", (("triazole", "alkyne"),)),
    ("halo_acid", (("amide", "amine"), ("Suzuki", "boronic_acid"))),
    ("acid", (("amide", "halo_amine"), ("Suzuki", "boronic_acid"))),
    ("sulfonyl_chloride", (("sulfonamide", "halo_amine"), ("Suzuki", "boronic_acid"))),
    ("isocyanate", (("urea", "halo_amine"), ("Suzuki", "boronic_acid"))),
    *(
        (first, ((step, "protected_diamine"), ("deprotection", ""), cap))
        for first, step in (("acid", "amide"), ("heteroaryl_chloride", "SNAr"))
        for cap in (
            ("sulfonamide", "sulfonyl_chloride"),
            ("urea", "isocyanate"),
            ("amide", "acid"),
            ("reductive amination", "aldehyde"),
        )
    ),
)
# Groups a chemist would not leave in a screening compound.
_LEFTOVERS = tuple(
    Chem.MolFromSmarts(smarts)
    for smarts in (
        "[S](=O)(=O)Cl", "N=C=O", "[N-]=[N+]=N", "B(O)O", "[CX3H1]=O", "[CX4]Br", "cBr",
        "[NX3H][NX3H2]", "C(=O)OC(C)(C)C", "[N;R0]-[N;R0]",
    )
)  # fmt: skip
# A few drugs are listed as the salts they are sold as, so that the parent has to be found.
_SALTS = {
    "imatinib": "CS(=O)(=O)O", "sildenafil": "O=C(O)CC(O)(CC(=O)O)C(=O)O", "propranolol": "Cl",
    "sertraline": "Cl", "fluoxetine": "Cl", "diphenhydramine": "Cl", "verapamil": "Cl",
    "amlodipine": "O=S(=O)(O)c1ccccc1", "erlotinib": "Cl", "lapatinib": "Cc1ccc(S(=O)(=O)O)cc1",
    "metoprolol": "O=C(O)C(O)C(O)C(=O)O", "clonidine": "Cl", "lidocaine": "Cl", "donepezil": "Cl",
    "sumatriptan": "O=C(O)CCC(=O)O", "tramadol": "Cl", "quetiapine": "O=C(O)/C=C/C(=O)O",
    "pitavastatin": "Na", "diclofenac": "Na", "naproxen": "Na", "valsartan": "Na",
}  # fmt: skip
# Rows that cannot be read, as every real file has some: they end in the failures table.
_UNREADABLE = (
    ("c1ccc(cc1C(=O)N", "ring left open on purpose"),
    ("CC(C)(C)(C)(C)O", "impossible valence on purpose"),
    ("", "no structure on purpose"),
)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Read a CSV file as a list of rows."""
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def blocks_by_role(rows: list[dict[str, str]]) -> dict[str, list[Chem.Mol]]:
    """Group the building blocks by what they react as."""
    roles: dict[str, list[Chem.Mol]] = {}
    for row in rows:
        roles.setdefault(row["role"], []).append(Chem.MolFromSmiles(row["smiles"]))
    return roles


def react(reaction: str, *reactants: Chem.Mol) -> Chem.Mol | None:
    """Run a reaction, its reactants in either order; ``None`` unless one product is possible."""
    orders = [reactants] if len(reactants) == 1 else [reactants, reactants[::-1]]
    for order in orders:
        found: set[str] = set()
        for (mol,) in _ENGINES[reaction].RunReactants(order):
            if Chem.SanitizeMol(mol, catchErrors=True) == Chem.SanitizeFlags.SANITIZE_NONE:
                found.add(Chem.MolToSmiles(mol))
        if len(found) == 1 or (found and reaction in _TAUTOMERIC):
            return Chem.MolFromSmiles(min(found))
        if found:
            return None
    return None


_ENGINES = {name: rdChemReactions.ReactionFromSmarts(smarts) for name, smarts in REACTIONS.items()}


def is_drug_like(mol: Chem.Mol) -> bool:
    """Say whether a product has the size and polarity of a screening compound, fully reacted."""
    return (
        200 <= Descriptors.MolWt(mol) <= 500
        and -1 <= Crippen.MolLogP(mol) <= 5.5
        and rdMolDescriptors.CalcTPSA(mol) <= 140
        and rdMolDescriptors.CalcNumRotatableBonds(mol) <= 9
        and Lipinski.NumHDonors(mol) <= 4
        and not any(mol.HasSubstructMatch(group) for group in _LEFTOVERS)
    )


def follow(
    first: str,
    steps: tuple[tuple[str, str], ...],
    roles: dict[str, list[Chem.Mol]],
    chance: random.Random,
) -> Iterator[Chem.Mol]:
    """Yield the products of one route in random order, each combination of blocks once."""
    pools = [roles[first], *(roles[role] for _, role in steps if role)]
    combinations = list(product(*(range(len(pool)) for pool in pools)))
    chance.shuffle(combinations)
    for combination in combinations:
        chosen = [pool[i] for pool, i in zip(pools, combination, strict=True)]
        mol: Chem.Mol | None = chosen.pop(0)
        for reaction, role in steps:
            mol = react(reaction, mol, *([chosen.pop(0)] if role else []))
            if mol is None:
                break
        if mol is not None and is_drug_like(mol):
            yield mol


def enumerate_library(n: int, taken: set[str], seed: int) -> list[tuple[str, str]]:
    """Draw `n` molecules, turn by turn from every route; none has a skeleton in `taken`."""
    chance = random.Random(seed)
    roles = blocks_by_role(read_rows(HERE / "blocks.csv"))
    streams = []
    for first, steps in ROUTES:
        label = ", ".join(reaction for reaction, _ in steps if reaction != "deprotection")
        streams.append((f"enumerated: {label}", follow(first, steps, roles, chance)))
    seen = set(taken)
    chosen: list[tuple[str, str]] = []
    while streams and len(chosen) < n:
        for label, stream in list(streams):
            for mol in stream:
                skeleton = Chem.MolToInchiKey(mol)[:14]
                if skeleton not in seen:
                    seen.add(skeleton)
                    chosen.append((Chem.MolToSmiles(mol), label))
                    break
            else:
                streams.remove((label, stream))
    return chosen[:n]


def as_salt(smiles: str, partner: str) -> str:
    """Write a drug together with its counter-ion."""
    if partner != "Na":
        return f"{smiles}.{partner}"
    acid = rdChemReactions.ReactionFromSmarts("[C:1](=[O:2])[OX2H:3]>>[C:1](=[O:2])[O-:3].[Na+]")
    anion, sodium = acid.RunReactants((Chem.MolFromSmiles(smiles),))[0]
    Chem.SanitizeMol(anion)
    return f"{Chem.MolToSmiles(anion)}.{Chem.MolToSmiles(sodium)}"


def build(n: int = N_ENUMERATED, seed: int = SEED) -> list[dict[str, str]]:
    """Put drugs, enumerated molecules and unreadable rows together, shuffled and numbered."""
    RDLogger.DisableLog("rdApp.*")
    drugs = read_rows(HERE / "drugs.csv")
    taken = {Chem.MolToInchiKey(Chem.MolFromSmiles(drug["smiles"]))[:14] for drug in drugs}
    rows = []
    for drug in drugs:
        partner = _SALTS.get(drug["name"], "")
        smiles = as_salt(drug["smiles"], partner) if partner else drug["smiles"]
        rows.append((smiles, drug["name"], drug["drug_class"], "known drug"))
    rows += [(smiles, "", "", origin) for smiles, origin in enumerate_library(n, taken, seed)]
    rows += [(smiles, "", "", why) for smiles, why in _UNREADABLE]
    random.Random(seed).shuffle(rows)
    return [
        dict(zip(COLUMNS, (smiles, f"EX{i:05d}", *rest), strict=True))
        for i, (smiles, *rest) in enumerate(rows, start=1)
    ]


def main() -> None:
    """Write ``library.csv``."""
    rows = build()
    with (HERE / "library.csv").open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"library.csv: {len(rows):,} rows")


if __name__ == "__main__":
    main()
