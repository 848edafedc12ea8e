"""Where benchmark data lie: an explicit folder, or the shared data folder."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from molsearch.errors import InputError

ENVIRONMENT = "MOLSEARCH_DATA"


def data_root() -> Path:
    """Folder of shared data: ``$MOLSEARCH_DATA``, else ``../shared/data``."""
    return Path(os.environ.get(ENVIRONMENT) or "../shared/data")


def locate(name: str, given: Path | None) -> Path:
    """Folder of benchmark `name`: `given`, else its folder under `data_root`.

    Raises
    ------
    InputError
        There is no such folder.
    """
    folder = given if given is not None else data_root() / name
    if not folder.is_dir():
        raise InputError(
            f"no {name} data at {folder}: give --data, or set {ENVIRONMENT}; "
            f"datasets/{name}.md says how to obtain it"
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
        frame = pd.read_parquet(path, columns=columns)
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
