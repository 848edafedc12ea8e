"""Random compounds to hide the actives among, for the Bayes enrichment factor of BayesBind.

``EF^B`` needs scores of the actives and scores of compounds drawn at random from the chemistry
one would screen, not property-matched decoys. It says how much likelier an active is to reach a
score than such a compound, so it depends on what the pool is: BayesBind draws from ligands of
other targets in ChEMBL, here the default are screening compounds of PubChem.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from molsearch.bench.benchmarks.files import read_smiles
from molsearch.bench.benchmarks.task import Task
from molsearch.bench.evaluate import Mask, rounded
from molsearch.bench.methods import Method
from molsearch.bench.molecules import Molecules
from molsearch.data.places import data_root
from molsearch.data.training_tables import IS_POOL, TABLES, read_table
from molsearch.errors import InputError, UsageError
from molsearch.io.hashing import sha256_json
from molsearch.metrics.bayes import ef_bayes, ef_bayes_draws, ef_bayes_max
from molsearch.words import counted

UNTRAINED = f"only rows that nothing is trained on ({IS_POOL})"
FRACTIONS = {"efb_1pct": 0.01, "efb_0p1pct": 0.001}
METRICS = (*FRACTIONS, "efb_max")
_SCREENING = (
    "screening compounds of PubChem, each inactive in some assay; not the ChEMBL ligands of "
    "BayesBind, so not comparable with its published values"
)


@dataclass(frozen=True, slots=True)
class PoolIdentity:
    """What a result file says of its random compounds.

    Attributes
    ----------
    source
        Where they were drawn from.
    note
        What kind of compounds they are.
    n, seed
        How many were drawn, and with which seed.
    sha256
        Of the compounds drawn.
    """

    source: str
    note: str
    n: int
    seed: int
    sha256: str


class RandomPool:
    """Compounds drawn at random once, the same for every target and method.

    Parameters
    ----------
    smiles
        The compounds drawn.
    identity
        Where they come from.
    """

    def __init__(self, smiles: Sequence[str], identity: PoolIdentity) -> None:
        self.molecules = Molecules(smiles)
        self.identity = identity

    @property
    def record(self) -> dict[str, Any]:
        """The identity as a result file holds it."""
        return asdict(self.identity)

    @property
    def group(self) -> str:
        """Folder of their conformers within the cache."""
        return f"random/{self.identity.sha256[:12]}"

    def usable(self, task: Task) -> Mask:
        """Leave out unreadable compounds and those that are an active or query of a target.

        Compared are parents without stereo.
        """
        known = _known(task)
        names = self.molecules["parent"].tolist()
        return self.molecules.readable & np.array([name not in known for name in names], bool)


def _known(task: Task) -> set[str]:
    actives = task.pool["smiles"].to_numpy()[task.is_active].tolist()
    named = Molecules([*actives, *[query.smiles for query in task.queries]])
    return set(named["parent"].tolist()) - {""}


def draw_pool(n: int, source: Path | None, seed: int) -> RandomPool:
    """Draw `n` random compounds.

    Smaller draws are part of larger ones with the same seed.

    Parameters
    ----------
    n
        How many.
    source
        A table with a column ``smiles`` (parquet, csv, tsv), or a list of SMILES; None means
        ``unlabelled.parquet`` of the folder that MOLSEARCH_DATA names. Of a table with a column
        ``is_pool_molecule`` only rows where it is true: the others are there to train on.
    seed
        Draws them.

    Raises
    ------
    InputError
        The file is missing or unreadable.
    UsageError
        It holds fewer than `n` compounds.
    """
    path = source if source is not None else data_root() / "unlabelled.parquet"
    if not path.is_file():
        raise InputError(f"no random compounds at {path}: name a file with --random-from")
    found, untrained = _read(path)
    every = sorted(set(found))
    if len(every) < n:
        raise UsageError(
            f"{path} holds {counted(len(every), 'compound')}, not {n:,}: give a smaller --random"
        )
    key = f"{seed}:random:".encode()
    keyed = [(hashlib.blake2b(key + s.encode(), digest_size=8).digest(), s) for s in every]
    drawn = [smiles for _, smiles in sorted(keyed)[:n]]
    note = _SCREENING if source is None else "compounds of the user's own file"
    note += f"; {UNTRAINED}" if untrained else ""
    identity = PoolIdentity(path.name, note, n, seed, sha256_json(drawn))
    return RandomPool(drawn, identity)


def _read(path: Path) -> tuple[list[str], bool]:
    """Structures of a file, and whether it tells those that nothing is trained on apart."""
    if path.suffix not in TABLES:
        return read_smiles(path)[0], False
    table = read_table(path, "table of random compounds", ("smiles",))
    told = IS_POOL in table
    if told:  # what is false may have been trained on as binding nothing
        table = table[table[IS_POOL]]
    return [smiles for smiles in table["smiles"] if smiles], told


def evaluate_random(
    task: Task, queries: Molecules, actives: Molecules, pool: RandomPool, method: Method, own: Mask
) -> dict[str, Any]:
    """Bayes enrichment of one method on one target.

    Parameters
    ----------
    task
        The target.
    queries, actives
        Its molecules, with conformers where `method` needs them.
    pool
        The random compounds, likewise.
    method
        What ranks.
    own
        True where an active is the query itself, ``[q, n_actives]``: it does not count.

    Returns
    -------
    dict
        `METRICS`, each with ``_low`` and ``_high`` (2.5 and 97.5 percentiles of draws of actives
        and random compounds), ``efb_max_at`` (share of random compounds above the threshold of
        the maximum), ``n_actives``, ``n_random``, ``n_unscored``. Where there are several
        rankings, one a query or draw, means over them.
    """
    scores = {one.name: _scores(one, queries, actives, pool.molecules) for one in method.scorers}
    unscored = method.unscored(scores)
    labels = np.arange(len(unscored)) < len(actives)
    background = np.r_[np.zeros(len(actives), bool), pool.usable(task)]
    values, draws, counts = [], [], []
    out = np.broadcast_to(~background[len(actives) :], (len(own), len(pool.molecules)))
    views = method.views(queries, [actives, pool.molecules], np.hstack([own, out]))
    for asked in task.asked:
        fused = method.ranked(scores, asked, views)
        mine = np.logical_or.reduce(own[asked], axis=0)
        first = fused[: len(actives)][~mine]
        second = fused[background]
        best, share = ef_bayes_max(first, second)
        values.append([*[ef_bayes(first, second, x) for x in FRACTIONS.values()], best, share])
        draws.append(ef_bayes_draws(first, second, tuple(FRACTIONS.values())))
        counts.append(first.size)
    return {
        **_summary(np.array(values), np.array(draws)),
        "n_actives": round(float(np.mean(counts)), 1),
        "n_random": int(background.sum()),
        "n_unscored": int((unscored & (labels | background)).sum()),
    }


def _summary(values: Any, draws: Any) -> dict[str, float | None]:
    """Means over queries, and percentiles of the draws of those means."""
    means = values.mean(axis=0)
    low, high = np.quantile(draws.mean(axis=0), [0.025, 0.975], axis=0)
    found = {}
    for place, name in enumerate(METRICS):
        found[name] = rounded(float(means[place]))
        found[f"{name}_low"] = rounded(float(low[place]))
        found[f"{name}_high"] = rounded(float(high[place]))
    found["efb_max_at"] = rounded(float(means[-1]))
    return found


def _scores(part: Any, queries: Molecules, actives: Molecules, background: Molecules) -> Any:
    """Score actives and random compounds on one scale, ``[q, n_actives + n_random]``."""
    if part.relative:
        together = Molecules([*actives.smiles, *background.smiles])
        return part.score(queries, together)
    return np.hstack([part.score(queries, actives), part.score(queries, background)])
