"""Which column or SD tag holds the ids: by its name, else by being unique and no structure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from molsearch.chem.readers.labels import labels_of
from molsearch.chem.readers.structures import (
    Rows,
    is_molecule,
    names_inchi,
    names_smiles,
    plain,
    weak_smiles_name,
)

_TESTED_ROWS = 100
_FEWEST_UNIQUE = 3
_FEWEST_NUMBERS = 10
_LONGEST = 100
_CAMEL_ID = re.compile(r"(?:^|[\W_])[iI][dD]$|[a-z]I[dD]$")
_INCHIKEY = re.compile(r"[A-Z]{14}(?:-[A-Z]{10}-[A-Z])?")
_NUMBER = re.compile(
    r"[<>=~]*\s*[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?|nan|inf|NA|N/A", re.IGNORECASE
)
_LONG_NUMBER = re.compile(r"[1-9]\d{3,}")
_DATE = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T].*)?")
# fmt: off
_NAMES = (
    "moleculeid", "molid", "id", "compoundid", "cmpdid", "cpdid",
    "ligandid", "chemblid", "moleculechemblid", "zincid", "catalogid",
    "idnumber", "catalognumber", "registrynumber", "identifier", "title",
    "name", "moleculename", "compoundname", "drugname", "ligandname",
    "moleculetitle", "compound", "cid", "sid", "code", "cas", "casnumber", "casrn",
    "mfcd", "mdlnumber", "molecule", "ligand", "drug",
)
_STEM = "|".join((
    "molport", "emolecules?", "mcule", "zinc", "surechembl", "chembl", "chembridge", "enamine",
    "chemdiv", "maybridge", "lifechemicals", "specs", "vitas", "asinex", "selleck", "mce",
    "vendor", "supplier", "catalog(?:ue)?", "cat", "compound", "cmpd", "cpd", "molecule", "mol",
    "ligand", "drug", "sample", "batch", "structure", "record", "entry", "product", "item",
    "library", "registry", "registration", "reg", "corporate", "corp", "substance", "article",
    "chemspider", "pubchem", "pubchemc", "pubchems", "drugbank", "chebi", "hmdb", "kegg",
    "bindingdb", "monomer", "broad", "ncgc", "nsc", "internal", "external", "stock",
    "unique", "cas", "mdl", "order", "part", "ref",
))
# fmt: on
_JOINED = re.compile(
    rf"(?:{_STEM})+(?:ids?|no|nos|number|num|nr|code|key|ref|reference|name|cid|sid)"
)
_OF_SOMETHING_ELSE = re.compile(
    r"target|assay|document|doc(?=id|chembl)|protein|gene|uniprot|activity|publication|journal|"
    r"pubmed|pmid|doi|patent|cellline|tissue|organism|taxid|author|user|chemist|plate|well|rack"
)

_ACTIVITY = re.compile(
    r"p?(?:ic50|ec50|xc50|ac50|ki|kd|potency)(?:value|[pnufm]?m)?|p(?:chembl|activity)(?:value)?"
)
_LABELS = re.compile(r"(?:is)?active|label|class|(?:pubchem)?(?:activity)?(?:class|outcome)?")


def choose_id(
    names: Sequence[str], rows: Rows, skip: Collection[int] = ()
) -> tuple[int | None, tuple[int, ...]]:
    """Choose the column (or SD tag) of ids.

    A name that says id wins, sooner where its cells are filled and told apart. Without such a
    name it is a column that is filled and unique in all sampled rows (three or more) and holds
    neither structures nor measurements nor dates: codes such as ``Z1234`` before other text, that
    before whole numbers of four digits or more.

    Parameters
    ----------
    names
        Column or tag names.
    rows
        Sampled rows, as cells in the order of `names`; missing cells at the end are empty.
    skip
        Positions that cannot be the id, such as the structure's.

    Returns
    -------
    tuple
        Position of the id column, or None; positions of the other candidates.
    """
    sampled = rows[:_TESTED_ROWS]
    columns = {
        position: [row[position].strip() if position < len(row) else "" for row in sampled]
        for position in range(len(names))
        if position not in skip and not _structural(names[position])
    }
    named = [p for p in ids_by_name(names) if p in columns and not _holds_structures(columns[p])]
    named.sort(key=lambda position: not tells_apart(columns[position]))
    alike = [p for p, cells in columns.items() if p not in named and _may_be_ids(names[p], cells)]
    alike.sort(key=lambda position: _kind(columns[position]))
    found = named + alike
    return (found[0], tuple(found[1:])) if found else (None, ())


def ids_by_name(names: Sequence[str]) -> list[int]:
    """Positions of the columns whose names say id, the plainest first."""
    plains = [plain(name) for name in names]
    exact = [plains.index(wanted) for wanted in _NAMES if wanted in plains]
    tests: tuple[Callable[[int], object], ...] = (
        lambda position: _JOINED.fullmatch(plains[position]),
        lambda position: _CAMEL_ID.search(names[position].strip()),
    )
    for test in tests:
        exact += [
            position
            for position, word in enumerate(plains)
            if position not in exact and not names_something_else(word) and test(position)
        ]
    return exact


def names_id(name: str) -> bool:
    """Whether a name is one of those that ids usually bear."""
    return plain(name) in _NAMES


def _structural(name: str) -> bool:
    return names_smiles(name) or names_inchi(name) or "inchikey" in plain(name)


def _holds_structures(cells: Sequence[str]) -> bool:
    filled = {cell for cell in cells[:10] if cell}
    # Short ids such as CN are SMILES too; several long ones in a row are no accident, but one id
    # that repeats may be.
    return len(filled) > 1 and all(len(cell) > 3 and is_molecule(cell) for cell in filled)


def tells_apart(cells: Sequence[str]) -> bool:
    """Whether at least half of the cells are filled, and half of these different."""
    filled = [cell for cell in cells if cell]
    return 2 * len(filled) >= len(cells) and 2 * len(set(filled)) >= len(filled) + (len(filled) > 1)


def _may_be_ids(name: str, cells: Sequence[str]) -> bool:
    if len(cells) < _FEWEST_UNIQUE or not all(cells) or len(set(cells)) < len(cells):
        return False
    if weak_smiles_name(name) or names_something_else(name) or _holds_structures(cells):
        return False
    if tells_activity(name, cells):
        return False
    if any(len(cell) > _LONGEST or "\n" in cell for cell in cells):
        return False
    if measured(cells):
        return len(cells) >= _FEWEST_NUMBERS and all(map(_LONG_NUMBER.fullmatch, cells))
    return not any(all(map(kind.fullmatch, cells)) for kind in (_INCHIKEY, _DATE))


def measured(cells: Sequence[str]) -> bool:
    """Whether all cells are numbers."""
    return all(map(_NUMBER.fullmatch, cells))


def names_something_else(name: str) -> bool:
    """Whether a name is of a target, an assay or another thing than the molecule."""
    return _OF_SOMETHING_ELSE.search(plain(name)) is not None


def tells_activity(name: str, cells: Sequence[str]) -> bool:
    """Whether a column says how active molecules are, or that they are."""
    word = plain(name)
    if _ACTIVITY.fullmatch(word):
        return True
    if not _LABELS.fullmatch(word):
        return False
    labels = labels_of(cells)
    return labels.is_clear or not labels.unread


def _kind(cells: Sequence[str]) -> int:
    if measured(cells):
        return 2
    return 0 if all(re.search(r"\d", cell) and " " not in cell for cell in cells) else 1
