"""The run's log: csv always, TensorBoard where it is installed."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from molsearch.io.atomic import write_text

LOG_FILE = "log.csv"
EVALUATIONS_FILE = "evaluations.csv"
EVENTS_FOLDER = "tensorboard"


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write rows as csv, columns in order of their first appearance."""
    names = dict.fromkeys(name for row in rows for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(names), lineterminator="\n", restval="")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


class Events:
    """Scalars for TensorBoard; does nothing where it is not installed.

    Parameters
    ----------
    folder
        Of the run; events go to ``tensorboard`` in it.
    step
        Step from which the run goes on; later ones of an interrupted run are dropped.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self._writer: Any = None
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError:
            return
        self._writer = SummaryWriter(  # type: ignore[no-untyped-call]
            str(folder / EVENTS_FOLDER), purge_step=step + 1 if step else None
        )

    def add(self, prefix: str, row: dict[str, Any]) -> None:
        """Add the numbers of a row that has a ``step``."""
        if self._writer is None:
            return
        for name, value in row.items():
            if name != "step" and isinstance(value, int | float):
                self._writer.add_scalar(f"{prefix}/{name}", value, row["step"])

    def close(self) -> None:
        """Flush and close."""
        if self._writer is not None:
            self._writer.close()
