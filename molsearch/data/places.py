"""The folder of activity records and benchmarks that the variable MOLSEARCH_DATA names."""

from __future__ import annotations

import os
from pathlib import Path

from molsearch.errors import InputError

ENVIRONMENT = "MOLSEARCH_DATA"


def is_named() -> bool:
    """Whether the variable names a folder."""
    return bool(os.environ.get(ENVIRONMENT))


def data_root() -> Path:
    """Folder of the data: what ``MOLSEARCH_DATA`` names.

    Raises
    ------
    InputError
        The variable is not set.
    """
    if not is_named():
        raise InputError(
            f"the variable {ENVIRONMENT} is not set: set it to the folder of your activity records "
            f"and benchmarks, as in {ENVIRONMENT}=~/data"
        )
    return Path(os.environ[ENVIRONMENT]).expanduser()
