"""A small make-on-demand space in Enamine's text format."""

from __future__ import annotations

from pathlib import Path

HEADER = "SMILES\tsynton_id\tsynton#\treaction_id"
ACIDS = {
    "a1": "O=C([1*])c1ccccc1",
    "a2": "O=C([1*])C",
    "a3": "O=C([1*])c1ccc(Cl)cc1",
    "a4": "O=C([1*])C1CCCCC1",
}
AMINES = {
    "b1": "[1*]NCc1ccccc1",
    "b2": "[1*]NC",
    "b3": "[1*]N1CCOCC1",
    "b4": "[1*]NCCc1ccccn1",
}
# Three components: an amino acid between an acid and an amine.
MIDDLES = {"m1": "[1*]NCC(=O)[2*]", "m2": "[1*]NC(C)C(=O)[2*]"}
ENDS = {"e1": "[2*]NC", "e2": "[2*]NCc1ccccc1"}


def rows() -> list[str]:
    """Rows of an amide reaction (16 products) and of a peptide one (16)."""
    sets = [
        ("amide", 1, ACIDS), ("amide", 2, AMINES),
        ("peptide", 1, ACIDS), ("peptide", 2, MIDDLES), ("peptide", 3, ENDS),
    ]  # fmt: skip
    return [
        f"{smiles}\t{name}\t{position}\t{reaction}"
        for reaction, position, synthons in sets
        for name, smiles in synthons.items()
    ]


def write_space(path: Path, *more: str) -> Path:
    """Write the space, and further rows behind it."""
    path.write_text("\n".join([HEADER, *rows(), *more]) + "\n")
    return path
