"""Where benchmark data lie: an explicit folder, or the folder of all data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from molsearch import bundled
from molsearch.data.places import ENVIRONMENT, data_root, is_named
from molsearch.errors import InputError
from molsearch.io import parquet


def locate(name: str, given: Path | None) -> Path:
    """Folder of benchmark `name`: `given`, else its folder under `data_root`.

    Raises
    ------
    InputError
        There is no such folder.
    """
    if given is None and not is_named():
        raise InputError(
            f"no folder of {name} is named: give --data FOLDER, or set {ENVIRONMENT} to the folder "
            f"that holds {name}/; {bundled.guide(name)} says how to obtain it"
        )
    folder = given if given is not None else data_root() / name
    if not folder.is_dir():
        raise InputError(
            f"no {name} data at {folder}: give --data, or set {ENVIRONMENT}; "
            f"{bundled.guide(name)} says how to obtain it"
        )
    return folder


def read_table(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a parquet file of benchmark data, with strings as plain objects.

    Raises
    ------
    InputError
        The file is missing or is no parquet file.
    """
    try:
        frame = parquet.read_frame(path, columns)
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"cannot read {path}: {str(error).splitlines()[0]}") from error
    return frame


def only(frame: pd.DataFrame, target: str, column: str = "target") -> pd.DataFrame:
    """Rows of one target, renumbered."""
    return frame[frame[column] == target].reset_index(drop=True)


def unknown_target(name: str, target: str, known: list[str]) -> InputError:
    """Error that names the nearest things one could have meant."""
    shown = ", ".join(known[:12]) + (", …" if len(known) > 12 else "")
    return InputError(f"{name} has no target {target!r}: choose from {shown}")
