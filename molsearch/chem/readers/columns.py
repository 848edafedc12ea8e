"""Which columns of a table hold structures and ids: by the user's word, by name, by content."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from molsearch.chem.readers.identifiers import (
    choose_id,
    measured,
    names_something_else,
    tells_activity,
    tells_apart,
)
from molsearch.chem.readers.rows import listed, typed_text
from molsearch.chem.readers.structures import (
    Rows,
    only_selfies,
    plain,
    same_by_name,
    smiles_by_content,
    structures_by_name,
    weak_smiles_name,
)
from molsearch.config import ReadConfig
from molsearch.errors import InputError
from molsearch.schema import ColumnType, Reading

_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns taken, by position, and those that could have been.

    Attributes
    ----------
    names
        Unique names of all columns.
    structure, molecule_id
        Positions of the two; `molecule_id` is None where there are no ids.
    other_structures, other_ids
        Positions of the other candidates.
    spare
        Name of the column with the same molecules, which is read where the structure's cell is
        empty; empty for none.
    """

    names: tuple[str, ...]
    structure: int
    molecule_id: int | None
    other_structures: tuple[int, ...] = ()
    other_ids: tuple[int, ...] = ()
    spare: str = ""

    @property
    def kept(self) -> tuple[int, ...]:
        """Positions of the user's other columns."""
        return tuple(
            p for p in range(len(self.names)) if p not in (self.structure, self.molecule_id)
        )

    def reading(
        self,
        source: str,
        kind: str,
        notes: Sequence[str] = (),
        types: Iterable[ColumnType] = (),
    ) -> Reading:
        """Say what was taken, for the account of a run; of `types`, those of columns kept."""
        name = self.names[self.structure]
        spared = [f"where {name} is empty, {self.spare} is read"] if self.spare else []
        kept = {self.names[position] for position in self.kept}
        return Reading(
            source=source,
            format=kind,
            structure=name,
            molecule_id="" if self.molecule_id is None else self.names[self.molecule_id],
            other_structures=tuple(self.names[p] for p in self.other_structures),
            other_ids=tuple(self.names[p] for p in self.other_ids),
            notes=(*spared, *notes),
            types=tuple(column for column in types if column.name in kept),
        )


class NoStructuresError(InputError):
    """None of the columns that a source names holds structures."""


def choose_columns(
    names: tuple[str, ...],
    rows: Rows,
    config: ReadConfig,
    source: str,
    *,
    header: bool = True,
    first: Sequence[str] = (),
) -> Columns:
    """Choose the columns of structures and ids.

    Parameters
    ----------
    names
        Unique column names, made up where the source has none.
    rows
        Sampled rows below the header, as cells.
    config
        The user's overrides.
    source
        For messages.
    header
        Whether the source itself names its columns.
    first
        Cells to show where no column holds structures.

    Raises
    ------
    InputError
        No structure column, or not the column asked for; the message names those that exist.
    """
    structure, others = _structure(names, rows, config, source, header, first)
    same = same_by_name(structure, others, names, rows)
    spare = "" if same is None else names[same]
    if structure in only_selfies(rows):
        raise _selfies_error(source, names[structure])
    if config.id_column is not None or config.id_field is not None:
        choice = config.id_column if config.id_column is not None else config.id_field or ""
        named = chosen(choice, names, source, "--id-column", header)
        return Columns(names, structure, named, others, spare=spare)
    found, other_ids = choose_id(names if header else [""] * len(names), rows, (structure,))
    molecule_id = _next_column(names, rows, structure, header) if found is None else found
    return Columns(names, structure, molecule_id, others, other_ids, spare)


def is_number(choice: str | None) -> bool:
    """Whether a column is chosen by its 1-based number."""
    return choice is not None and choice.isascii() and choice.isdigit()


def chosen(choice: str, names: Sequence[str], source: str, option: str, header: bool) -> int:
    """Position of the column that the user names, or numbers from 1.

    Raises
    ------
    InputError
        There is no such column; the message lists those that exist.
    """
    choice = typed_text(choice)
    lowered = [name.strip().lower() for name in names]
    for pool, wanted in ((list(names), choice), (lowered, choice.strip().lower())):
        if wanted in pool:
            return pool.index(wanted)
    if is_number(choice) and 1 <= int(choice) <= len(names):
        return int(choice) - 1
    if not header:
        raise InputError(
            f"{source}: no header row, so no column {choice!r}; "
            f"give {option} a number from 1 to {len(names)}"
        )
    raise InputError(f"{source}: no column {choice!r}; {option} can be {listed(names)}")


def _structure(
    names: tuple[str, ...],
    rows: Rows,
    config: ReadConfig,
    source: str,
    header: bool,
    first: Sequence[str],
) -> tuple[int, tuple[int, ...]]:
    if config.smiles_column is not None:
        return chosen(config.smiles_column, names, source, "--smiles-column", header), ()
    named = structures_by_name(names, rows) if header else []
    content = smiles_by_content(rows)
    found = [*named, *([content] if content is not None and content not in named else [])]
    if not found and (selfies := only_selfies(rows)):
        raise _selfies_error(source, names[selfies[0]])
    if not found and header:
        found = [position for position, name in enumerate(names) if weak_smiles_name(name)][:1]
    if found:
        return found[0], tuple(found[1:])
    if header:
        raise NoStructuresError(
            f"{source}: no SMILES column; choose it with --smiles-column, "
            f"the file has {listed(names)}"
        )
    raise InputError(
        f"{source}: no column holds SMILES (its first row is {listed(first, 5)}); "
        "check the file and its delimiter, or choose with --smiles-column NUMBER"
    )


def _selfies_error(source: str, name: str) -> InputError:
    return InputError(
        f"{source}: column {name!r} holds SELFIES, which are not read; turn them into SMILES "
        "(selfies.decoder), or choose another column with --smiles-column"
    )


def _next_column(names: tuple[str, ...], rows: Rows, structure: int, header: bool) -> int | None:
    """Beside a lone structure column, and in files without names, the next column is the id."""
    if header and len(names) != 2:
        return None
    for position, name in enumerate(names):
        if position == structure:
            continue
        cells = [row[position].strip() for row in rows if row[position : position + 1]]
        odd = header and (
            names_something_else(name)
            or tells_activity(name, cells)
            or "selfies" in plain(name)
            # A class or a supplier, the same for many; a few rows do not tell.
            or (len(cells) >= _ENOUGH and not tells_apart(cells))
        )
        if not odd and not _measurements([cell for cell in cells if cell]):
            return position
    return None


def _measurements(cells: Sequence[str]) -> bool:
    """Whether the cells are numbers of which some have decimals or a sign."""
    return bool(cells) and measured(cells) and not all(cell.isdigit() for cell in cells)
