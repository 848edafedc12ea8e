"""The map of the chemical space: library, hits and queries on the encoder's principal axes.

Where umap-learn is installed, each point has a place of UMAP's too. Runs as the last step of a
screen, in a process of its own: ``python -m molsearch_app.mapping RUN_FOLDER``.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from molsearch import schema
from molsearch.api import load_encoder
from molsearch.config import ReadConfig, ScreenConfig
from molsearch.index.embedder import Embedder
from molsearch.index.rarity import reference_of
from molsearch.index.reader import IndexReader, open_index
from molsearch.io.tables import write_frame
from molsearch.scoring.queryset import QuerySet, per_query
from molsearch.search.queries import Query, embed_queries, read_queries
from molsearch.search.screen import check_ranking
from molsearch_app.components import umap
from molsearch_app.components.launch import EACH, HITS, MAP, QUERIES
from molsearch_app.components.space import Array, axes, embeddings, fingerprints

LIBRARY_ROWS, HIT_ROWS, EACH_ROWS = 3000, 1000, 10_000
_SEED = 20


@dataclass(frozen=True)
class Screened:
    """A finished screen, opened again.

    Attributes
    ----------
    numbers
        Record number of each row of the index, ``[n]``.
    ranks
        Rank of each row, 0 for those that are no hits.
    """

    folder: Path
    reader: IndexReader
    encoder: Embedder
    numbers: npt.NDArray[np.int64]
    ranks: npt.NDArray[np.int64]

    @classmethod
    def of(cls, folder: Path) -> Screened:
        """Open the run in a folder."""
        account = json.loads((folder / f"{HITS}.run.json").read_text())
        meta = json.loads((folder / "job.json").read_text())["meta"]
        reader = open_index(account["index"]["path"])
        hits = pd.read_parquet(folder / HITS, columns=[schema.RECORD_NUMBER, schema.RANK])
        rank = dict(zip(hits[schema.RECORD_NUMBER], hits[schema.RANK], strict=True))
        numbers = _record_numbers(reader)
        ranks = np.array([rank.get(number, 0) for number in numbers], dtype=np.int64)
        encoder = load_encoder(meta.get("encoder"), device="cpu")
        return cls(folder, reader, encoder, numbers, ranks)

    def queries(self, name: str) -> list[Query]:
        """Molecules in a file of the run, prepared as the library was."""
        prepare = self.reader.manifest.library.prepare
        return read_queries([self.folder / name], ReadConfig(), prepare)

    def embedded(self, name: str) -> tuple[list[str], QuerySet]:
        """Names and embeddings of the molecules in a file of the run."""
        queries = self.queries(name)
        return [query.query_id for query in queries], embed_queries(queries, self.encoder)


def chart(run: Screened) -> tuple[pd.DataFrame, Array]:
    """Make the map of the chemical space; also gives the embedding of each point, ``[n, dim]``."""
    rng = np.random.default_rng(_SEED)
    others = rng.permutation(np.flatnonzero(run.ranks == 0))[:LIBRARY_ROWS]
    best = np.flatnonzero((run.ranks > 0) & (run.ranks <= HIT_ROWS))
    vectors = embeddings(run.reader, np.concatenate([others, best])).astype(np.float64)
    mean, directions, shares = axes(vectors)
    names, asked = run.embedded(QUERIES)
    everything = np.concatenate([vectors, asked.vectors.astype(np.float64)])
    placed = (everything - mean) @ directions.T
    n = (len(others), len(best), len(asked.groups))
    found = pd.DataFrame(
        {
            "x": placed[:, 0],
            "y": placed[:, 1],
            "kind": np.repeat(["library", "hit", "query"], n),
            schema.RECORD_NUMBER: np.concatenate(
                [run.numbers[others], run.numbers[best], np.zeros(n[2], np.int64)]
            ),
            "name": [*[""] * (n[0] + n[1]), *(names[group] for group in asked.groups)],
            "share_x": float(shares[0]),
            "share_y": float(shares[1]),
        }
    )
    return found, everything


def each_query(run: Screened) -> pd.DataFrame | None:
    """Score of the best hits for each query by itself: a row a hit, a column a query.

    None where there is one query, whose score is the score.

    What each of several queries says of a hit is no column of the hit list, since as many as two
    hundred may be asked.
    """
    account = json.loads((run.folder / f"{HITS}.run.json").read_text())
    queries = run.queries(QUERIES)
    if len(queries) < 2:
        return None
    config = ScreenConfig.model_validate(account["config"])
    blend = check_ranking(config, len(queries), run.encoder).blend(
        np.stack([query.fingerprint for query in queries]), reference_of(run.encoder)
    )
    asked = embed_queries(queries, run.encoder, conformer_fusion=config.conformer_fusion)
    best = np.flatnonzero((run.ranks > 0) & (run.ranks <= EACH_ROWS))
    vectors = embeddings(run.reader, best).astype(np.float64)
    cosines = np.minimum(per_query(vectors @ asked.vectors.T.astype(np.float64), asked), 1.0)
    likeness = np.zeros((len(best), 0))
    if blend.likeness is not None:
        likeness = blend.likeness.scores(fingerprints(run.reader, best))
    scores = blend.of_each(cosines, likeness)
    if blend.rarity is not None:
        told = blend.rarity.reference.rarity(embeddings(run.reader, best))
        scores = scores + blend.rarity.weight * told[:, None]
    found = pd.DataFrame(scores, columns=[f"query {n}" for n in range(1, scores.shape[1] + 1)])
    found.insert(0, schema.RECORD_NUMBER, run.numbers[best])
    return found


def _record_numbers(reader: IndexReader) -> npt.NDArray[np.int64]:
    """Record numbers of all rows, shard after shard."""
    columns = [
        reader.records(shard).read(columns=[schema.RECORD_NUMBER]).column(0).to_numpy()
        for shard in range(reader.n_shards)
    ]
    return np.concatenate(columns)


def main() -> None:
    """Write the map beside the hits."""
    run = Screened.of(Path(sys.argv[1]))
    each = each_query(run)
    if each is not None:
        write_frame(each, run.folder / EACH)
    found, vectors = chart(run)
    write_frame(found, run.folder / MAP)
    if umap.installed() and len(vectors) >= umap.LEAST:
        found[list(umap.COLUMNS)] = umap.places(vectors)
        write_frame(found, run.folder / MAP)


if __name__ == "__main__":
    main()
