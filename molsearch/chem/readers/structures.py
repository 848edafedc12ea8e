"""Which column of a table holds the structures: by its name, by its content, stereo before flat."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rdkit import Chem, rdBase

from molsearch.chem.inchi import PREFIX as INCHI

Rows = Sequence[Sequence[str]]

_LONGEST_TESTED = 1000
_TESTED_ROWS = 30
_WORD = re.compile(r"[#\w][\w .()\[\]/-]*")
_BRACKETS = re.compile(r"(?:\[[^\[\]]+\]\.?){2,}")
_SELFIES_TOKEN = re.compile(r"\[(?:[=#/\\]?(?:Branch|Ring)\d|[=#/\\])")
_BARE_ATOMS = re.compile(r"(?:\[(?:Cl|Br|[BCNOPSFI])\]){2,}")
_STEREO_MARK = re.compile(r"[@/\\]")
# fmt: off
_WEAK = frozenset({
    "smi", "structure", "structures", "struct", "mol",
    "molecule", "molecules", "compound", "ligand", "drug",
    "canonical",
})
_DERIVED = (
    "nostereo", "nonstereo", "withoutstereo", "nonisomeric", "flat", "connectivity",
    "scaffold", "murcko", "framework", "core", "fragment", "substructure", "rgroup",
    "reactant", "reagent", "buildingblock", "salt", "query", "reference", "template", "generic",
)
_ISOMERIC = ("iso", "stereo", "chiral", "cxsmiles", "absolute")
# fmt: on


def plain(name: str) -> str:
    """Reduce a column name to its lower-case letters and digits."""
    return re.sub(r"[\W_]+", "", name.lower())


def is_molecule(cell: str) -> bool:
    """Whether a whole cell is a SMILES (with or without CXSMILES) or an InChI, by syntax alone."""
    words = cell.split(None, 1)
    if not words or len(words[0]) > _LONGEST_TESTED:
        return False
    if words[0].startswith(INCHI):
        return len(words) == 1 and "/" in words[0]
    if len(words) == 2 and not (words[1].startswith("|") and words[1].rstrip().endswith("|")):
        return False
    mol = _read(words[0])
    return mol is not None and mol.GetNumAtoms() > 0 and not is_selfies(cell)


def is_selfies(cell: str) -> bool:
    """Whether a cell is a SELFIES, some of which are SMILES of other molecules by accident.

    Examples
    --------
    >>> is_selfies("[C][=C][Ring1][C]"), is_selfies("[C][C][O]"), is_selfies("[Na+].[Cl-]")
    (True, True, False)
    """
    return has_selfies_tokens(cell) or _BARE_ATOMS.fullmatch(cell.strip()) is not None


def has_selfies_tokens(cell: str) -> bool:
    """Whether a cell is a SELFIES and nothing else: ``[=C]`` and ``[Ring1]`` are no SMILES."""
    text = cell.strip()
    return _BRACKETS.fullmatch(text) is not None and _SELFIES_TOKEN.search(text) is not None


def names_smiles(name: str) -> bool:
    """Whether a column name says SMILES by itself."""
    return "smiles" in plain(name) and _WORD.fullmatch(name.strip()) is not None


def weak_smiles_name(name: str) -> bool:
    """Whether a name may mean the structure column (``mol``, ``structure``, …)."""
    return plain(name) in _WEAK


def names_inchi(name: str) -> bool:
    """Whether a column name says InChI (and not InChIKey)."""
    return "inchi" in plain(name) and "key" not in plain(name)


def smiles_by_content(rows: Rows) -> int | None:
    """Position of the column where at least half of the filled cells parse as a structure.

    Among several, the one with the longest cells: ids such as ``CN`` or ``I`` parse too.
    """
    best, best_score = None, (0.0, 0.0)
    for position in range(min(max(map(len, rows), default=0), 200)):
        cells = _cells(rows, position)
        share = _share(cells)
        if share < 0.5:
            continue
        score = (round(share, 1), sum(map(len, cells)) / len(cells))
        if score > best_score:
            best, best_score = position, score
    return best


def structures_by_name(names: Sequence[str], rows: Rows) -> list[int]:
    """Positions of the columns that hold structures by their names, the best first.

    Names that say isomeric come before ``smiles``, that before ``canonical smiles``, that before
    those of something derived (scaffold, salt, flat); a column whose cells the sample shows to
    be mostly empty or unreadable comes after one whose cells are not.

    Parameters
    ----------
    names
        Column names.
    rows
        Sampled rows below them, as cells.
    """
    selfies = only_selfies(rows)
    named = [p for p, name in enumerate(names) if names_smiles(name) and p not in selfies]
    named.sort(key=lambda position: _rank(names[position]))
    weak = [
        position
        for position, name in enumerate(names)
        if weak_smiles_name(name) and any(map(is_molecule, _cells(rows, position)))
    ]
    inchi = [
        position
        for position, name in enumerate(names)
        if names_inchi(name) and any(map(is_molecule, _cells(rows, position)))
    ]
    return _stereo_first(_fuller_first(named, rows) + _fuller_first(weak, rows) + inchi, rows)


def same_by_name(
    structure: int, others: Sequence[int], names: Sequence[str], rows: Rows
) -> int | None:
    """Position of a column of SMILES that holds the molecules of `structure`, as the sample shows.

    Programs fill an isomeric column for molecules with stereo alone; the flat one beside it then
    has the others.
    """
    for other in others:
        if not (names_smiles(names[structure]) and names_smiles(names[other])):
            continue
        pairs = _filled_pairs(structure, other, rows)
        if pairs and all(_skeleton(one) == _skeleton(two) != "" for one, two in pairs):
            return other
    return None


def only_selfies(rows: Rows) -> list[int]:
    """Positions of the columns whose filled cells are all SELFIES."""
    found = []
    for position in range(min(max(map(len, rows), default=0), 200)):
        cells = _cells(rows, position)
        if cells and all(map(is_selfies, cells)):
            found.append(position)
    return found


def _rank(name: str) -> int:
    word = plain(name)
    if any(part in word for part in _DERIVED):
        return 4
    if any(part in word for part in _ISOMERIC):
        return 0
    if word in ("smiles", "smilescode"):
        return 1
    return 2 if word.startswith(("canonicalsmiles", "cansmiles")) else 3


def _cells(rows: Rows, position: int) -> list[str]:
    cells = [row[position] for row in rows[:_TESTED_ROWS] if row[position : position + 1]]
    return [cell for cell in cells if cell.strip()]


def _share(cells: Sequence[str]) -> float:
    return sum(map(is_molecule, cells)) / len(cells) if cells else 0.0


def _fuller_first(positions: list[int], rows: Rows) -> list[int]:
    """Put columns that are mostly empty or unreadable where another is not after the others."""
    readable = {p: sum(map(is_molecule, _cells(rows, p))) for p in positions}
    most = max(readable.values(), default=0)
    return sorted(positions, key=lambda position: 2 * readable[position] < most)


def _stereo_first(positions: list[int], rows: Rows) -> list[int]:
    """Put first the column with the same molecules as the first one, but with their stereo."""
    if not positions or any(map(_STEREO_MARK.search, _cells(rows, positions[0]))):
        return positions
    for other in positions[1:]:
        if _same_with_stereo(positions[0], other, rows):
            return [other, *(position for position in positions if position != other)]
    return positions


def _same_with_stereo(flat: int, other: int, rows: Rows) -> bool:
    pairs = _filled_pairs(flat, other, rows)
    marked = [pair for pair in pairs if _STEREO_MARK.search(pair[1])]
    if not marked or any(pair[1].startswith(INCHI) for pair in marked):
        return False
    return all(_skeleton(one) == _skeleton(two) != "" for one, two in marked)


def _filled_pairs(one: int, other: int, rows: Rows) -> list[tuple[str, str]]:
    return [
        (row[one], row[other])
        for row in rows[:_TESTED_ROWS]
        if len(row) > max(one, other) and row[one].strip() and row[other].strip()
    ]


def _skeleton(cell: str) -> str:
    """Canonical SMILES without stereo and isotopes; empty where the cell cannot be read."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(cell.split(None, 1)[0])
    return "" if mol is None else str(Chem.MolToSmiles(mol, isomericSmiles=False))


def _read(smiles: str) -> Chem.Mol | None:
    options = Chem.SmilesParserParams()
    options.sanitize = options.allowCXSMILES = options.parseName = False
    with rdBase.BlockLogs():
        return Chem.MolFromSmiles(smiles, options)
