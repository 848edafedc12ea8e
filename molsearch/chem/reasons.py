"""Why RDKit could not read a record, in one line that a chemist can act on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from rdkit import Chem, rdBase

from molsearch.chem.inchi import PREFIX as INCHI
from molsearch.chem.rdkit_log import heard
from molsearch.schema import Record

_BRACKET = re.compile(r"\[[^\[\]]*\]")
_RING = re.compile(r"%\d\d|\d")
_NO_ELEMENT = re.compile(r"Element '(.*)' not found")
_LINE = re.compile(r"\bline \d+", re.IGNORECASE)
_PROPERTIES = ("M  CHG", "M  RAD", "M  ISO")


def explain(record: Record) -> str:
    """Say why RDKit could not read `record`."""
    if record.molblock:
        return _of_mol_block(record.molblock)
    if record.smiles.startswith(INCHI):
        return "not a readable InChI: check that it is whole"
    if ">" in record.smiles:
        return "a reaction, not a molecule"
    parameters = Chem.SmilesParserParams()
    parameters.sanitize = False
    with rdBase.BlockLogs():
        raw = Chem.MolFromSmiles(record.smiles, parameters)
    if raw is None:
        return _syntax(record.smiles)
    return chemistry_problem(raw) or "not a readable SMILES"


def chemistry_problem(raw: Chem.Mol) -> str:
    """Name what is wrong with the valences or rings of an unsanitised molecule; may be empty."""
    with rdBase.BlockLogs():
        problems = Chem.DetectChemistryProblems(raw)
    return str(problems[0].Message()) if problems else ""


def _of_mol_block(block: str) -> str:
    with heard() as lines:
        try:
            raw = Chem.MolFromMolBlock(block, sanitize=False)
        except (ValueError, RuntimeError):
            raw = None  # a number out of range, which RDKit takes for a fault of the program
    if raw is not None:
        return chemistry_problem(raw) or "not a readable mol block"
    said = lines[-1] if lines and not lines[-1].startswith("*") else ""
    if unknown := _NO_ELEMENT.search(said):
        said = f"there is no element {unknown[1]!r}{_where(block, unknown[1])}"
    elif not said:
        said = _stray_atom(block)
    if not said:
        return "not a readable mol block"
    ours = said if _LINE.search(said) is None else f"{said} of the mol block"
    return f"not a readable mol block: {ours}"


def _where(block: str, symbol: str) -> str:
    for number, line in enumerate(block.split("\n"), start=1):
        if number > 4 and symbol in line.split():
            return f", line {number}"
    return ""


def _stray_atom(block: str) -> str:
    """Name the first bond or property of an atom that there is not."""
    lines = block.split("\n")
    try:
        count, named = _v3000(lines) if "V3000" in lines[3] else _v2000(lines)
        for number, atom in named:
            if not 1 <= atom <= count:
                return f"atom {atom} is named where there are {count}, line {number}"
    except (ValueError, IndexError):
        pass  # nothing that this can explain
    return ""


def _v2000(lines: list[str]) -> tuple[int, Iterator[tuple[int, int]]]:
    n_atoms, n_bonds = int(lines[3][:3]), int(lines[3][3:6])

    def named() -> Iterator[tuple[int, int]]:
        first = 4 + n_atoms
        for number, line in enumerate(lines[first : first + n_bonds], start=first + 1):
            yield from ((number, int(line[:3])), (number, int(line[3:6])))
        for number, line in enumerate(lines, start=1):
            if line.startswith(_PROPERTIES):
                yield from ((number, int(word)) for word in line.split()[3::2])

    return n_atoms, named()


def _v3000(lines: list[str]) -> tuple[int, Iterator[tuple[int, int]]]:
    words = [line.split() for line in lines]
    (counts,) = (one for one in words if one[2:3] == ["COUNTS"])
    first = words.index(["M", "V30", "BEGIN", "BOND"]) + 1
    last = words.index(["M", "V30", "END", "BOND"])
    bonds = enumerate(words[first:last], start=first + 1)
    named = ((number, int(atom)) for number, bond in bonds for atom in bond[4:6])
    return int(counts[3]), named


def _syntax(smiles: str) -> str:
    """Name the usual slips in a SMILES that cannot be read."""
    bare = _BRACKET.sub("", smiles.split()[0])
    if "[" in bare or "]" in bare:
        return "not a readable SMILES: unbalanced square brackets"
    if bare.count("(") != bare.count(")"):
        return "not a readable SMILES: unbalanced parentheses"
    rings = Counter(_RING.findall(bare))
    if odd := sorted(label for label, count in rings.items() if count % 2):
        return f"not a readable SMILES: ring bond {odd[0]} is never closed"
    return "not a readable SMILES"
