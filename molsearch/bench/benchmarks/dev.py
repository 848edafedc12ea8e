"""The development screens: targets kept out of training and out of every benchmark.

Choices (hyperparameters, checkpoints) are made on these and on nothing else.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from molsearch.bench.benchmarks.places import only, read_table, unknown_target
from molsearch.bench.benchmarks.task import Provenance, Task, TaskQuery, pool_frame
from molsearch.data.places import data_root


class DevScreens:
    """``dev_screens.parquet``: about 100 actives a target, 46 decoys an active, five queries.

    Parameters
    ----------
    lite
        Only the rows marked ``lite`` (at most 30 actives, 30 decoys an active).
    root
        Folder that holds the file; ``None`` means the shared data folder.
    """

    provenance = Provenance(
        title="development screens",
        citation="made from ChEMBL 26 and PubChem",
        url="",
        licence="CC BY-SA 3.0 (ChEMBL)",
        inactives="decoys",
        notes=(
            "Half of the decoys are actives of other targets, which occur in training as such.",
            "The others come from the unlabelled PubChem pool: see the results by decoy source.",
        ),
    )

    def __init__(self, lite: bool = False, root: Path | None = None) -> None:
        self.name = "dev-lite" if lite else "dev"
        self.lite = lite
        self.path = (root if root is not None else data_root()) / "dev_screens.parquet"

    @cached_property
    def _rows(self) -> pd.DataFrame:
        frame = read_table(self.path)
        if self.lite:
            frame = frame[frame["lite"]]
        return frame.astype({"target": str, "label": str, "source": str})

    def targets(self) -> list[str]:
        """UniProt accessions, in order."""
        return sorted(self._rows["target"].unique())

    def load(self, target: str) -> Task:
        """Read one target; see `Benchmark.load`."""
        rows = only(self._rows, target)
        if rows.empty:
            raise unknown_target(self.name, target, self.targets())
        active = np.asarray(rows["label"] == "active")
        ids = [f"{target}-{number}" for number in range(len(rows))]
        origin = np.where(active, "", rows["source"]).tolist()
        pool = pool_frame(rows["smiles"], ids, active, origin=origin)
        queries = tuple(
            TaskQuery(ids[row], str(rows["smiles"].iloc[row]))
            for row in np.flatnonzero(rows["is_query"])
        )
        return Task(target, queries, pool, protocol="each", uniprot=target)

    def counts(self) -> pd.DataFrame:
        """Molecules by target; see `Benchmark.counts`."""
        grouped = self._rows.groupby("target")
        frame = pd.DataFrame(
            {
                "actives": grouped["label"].agg(lambda labels: int((labels == "active").sum())),
                "inactives": grouped["label"].agg(lambda labels: int((labels == "decoy").sum())),
                "queries": grouped["is_query"].sum().astype(int),
            }
        )
        return frame.reset_index()
