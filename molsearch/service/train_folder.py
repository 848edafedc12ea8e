"""The folder that an encoder goes into: what may stand there, and what makes room."""

from __future__ import annotations

import shutil
from pathlib import Path

from molsearch.errors import UsageError
from molsearch.io.folders import RUN, Kind, look
from molsearch.nn.weights import CARD_FILE, REFERENCE_FILE, WEIGHTS_FILE
from molsearch.train.finish import DEVELOPMENT_FILE
from molsearch.train.log import EVALUATIONS_FILE, EVENTS_FOLDER, LOG_FILE
from molsearch.train.state import CHECKPOINT_FILE, STEM_FILE

#: Records of the tables that gave no molecule.
UNREAD_FILE = "failures.csv"
# The card first: without it what is left is no encoder.
_FILES = (
    *(CARD_FILE, WEIGHTS_FILE, REFERENCE_FILE, DEVELOPMENT_FILE, EVALUATIONS_FILE, LOG_FILE),
    *(CHECKPOINT_FILE, STEM_FILE, RUN, UNREAD_FILE),
)


def refuse(out: Path, *, overwrite: bool) -> None:
    """Refuse a folder with a finished encoder or with something else; nothing is deleted here.

    A run ends with ``run.json``. One that was killed after its card, and before that, is still to
    be finished: its last checkpoint leads to the same encoder.

    Raises
    ------
    UsageError
        No encoder can go there.
    """
    found = look(out)
    if found.kind in (Kind.FILE, Kind.PREPARED, Kind.INDEX):
        raise UsageError(f"{out} is {found}, where no encoder can go; choose another --output")
    unfinished = (out / CHECKPOINT_FILE).is_file() and not (out / RUN).exists()
    if (out / CARD_FILE).exists() and not unfinished and not overwrite:
        raise UsageError(f"{out}: already holds a finished encoder; --overwrite starts anew")


def empty(out: Path) -> None:
    """Delete what an earlier run left; a run that is refused before must not have done so."""
    for name in _FILES:
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / EVENTS_FOLDER, ignore_errors=True)
