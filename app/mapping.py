"""The chemical-space map of a screen: library, hits and queries in the encoder's first two axes.

Runs as the last step of a screen, in a process of its own: ``python -m app.mapping RUN_FOLDER``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.components.launch import HITS, MAP, QUERIES
from app.components.space import Array, axes, embeddings
from molsearch import schema
from molsearch.api import load_encoder
from molsearch.config import ReadConfig
from molsearch.index.reader import IndexReader, open_index
from molsearch.search.queries import embed_queries, read_queries

LIBRARY_ROWS, HIT_ROWS = 3000, 1000
_SEED = 20


def make(folder: Path) -> pd.DataFrame:
    """Make the map of a finished screen."""
    account = json.loads((folder / f"{HITS}.run.json").read_text())
    meta = json.loads((folder / "job.json").read_text())["meta"]
    reader = open_index(account["index"]["path"])
    hits = pd.read_parquet(folder / HITS)
    encoder = load_encoder(meta.get("encoder"), device="cpu")
    prepare = reader.manifest.library.prepare
    queries = read_queries([folder / QUERIES], ReadConfig(), prepare)
    asked = embed_queries(queries, encoder)
    numbers = _record_numbers(reader)
    rank = dict(zip(hits[schema.RECORD_NUMBER], hits[schema.RANK], strict=True))
    ranks = np.array([rank.get(number, 0) for number in numbers])
    others = np.random.default_rng(_SEED).permutation(np.flatnonzero(ranks == 0))[:LIBRARY_ROWS]
    best = np.flatnonzero((ranks > 0) & (ranks <= HIT_ROWS))
    rows = np.concatenate([others, best])
    vectors = embeddings(reader, rows).astype(np.float64)
    names = [query.query_id for query in queries]
    mean, directions, shares = axes(vectors)
    parts = [
        _points((vectors[: len(others)] - mean) @ directions.T, "library", numbers[others], ""),
        _points((vectors[len(others) :] - mean) @ directions.T, "hit", numbers[best], ""),
        _points(
            (asked.vectors.astype(np.float64) - mean) @ directions.T,
            "query",
            np.zeros(len(asked.groups), np.int64),
            [names[group] for group in asked.groups],
        ),
    ]
    found = pd.concat(parts, ignore_index=True)
    found["share_x"], found["share_y"] = float(shares[0]), float(shares[1])
    return found


def _points(
    places: Array, kind: str, numbers: npt.NDArray[np.int64], names: str | list[str]
) -> pd.DataFrame:
    columns = {"x": places[:, 0], "y": places[:, 1], "kind": kind}
    return pd.DataFrame({**columns, schema.RECORD_NUMBER: numbers, "name": names})


def _record_numbers(reader: IndexReader) -> npt.NDArray[np.int64]:
    """Record numbers of all rows, shard after shard."""
    columns = [
        reader.records(shard).read(columns=[schema.RECORD_NUMBER]).column(0).to_numpy()
        for shard in range(reader.n_shards)
    ]
    return np.concatenate(columns)


def main() -> None:
    """Write the map beside the hits."""
    folder = Path(sys.argv[1])
    make(folder).to_parquet(folder / MAP, index=False)


if __name__ == "__main__":
    main()
