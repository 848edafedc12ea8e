"""Pairs of ligands of one target, balanced over targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from molsearch.data.partners import Partners
from molsearch.errors import InputError


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Rows `first` and `second` (int64 ``[B]``) of one target each, and who shares targets.

    `shares_target` is bool ``[B, B]``: first i and second j have a target in common. `targets`
    are int64 ``[B]``: the sampler's numbers of the targets, ``0 .. n_targets - 1``. `pchembl` is
    float32 ``[2, B]``, activities of both ligands on the target; None where they are not known.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    shares_target: NDArray[np.bool_]
    targets: NDArray[np.int64]
    pchembl: NDArray[np.float32] | None = None

    def part(self, rows: slice) -> PairBatch:
        """Keep some of the pairs."""
        return PairBatch(
            self.first[rows],
            self.second[rows],
            self.shares_target[rows, rows],
            self.targets[rows],
            None if self.pchembl is None else self.pchembl[:, rows],
        )


class PairSampler:
    """Draws pairs: a target with chance by the square root of its ligands, then two of them.

    The draw of a step depends on the seed and the step alone, so a resumed run sees the same
    batches as an uninterrupted one.

    Parameters
    ----------
    acts_on
        Sparse bool ``[M, T]``: molecule m acts on target t.
    batch_size
        Pairs a step, at most the number of targets with two ligands; targets of one step are
        distinct.
    power
        Chance of a target is ``n ** power``, 0.5 by default.
    pchembl
        Sparse float ``[M, T]``: activities, where the pairs are to bring them.
    partners
        Chooses the second ligand among several; None: the first one drawn.
    balance
        A target's chance is divided by ``g ** balance``, g being how many targets share its
        ligands (`shared_by`).
    """

    def __init__(
        self,
        acts_on: sparse.csr_matrix,
        batch_size: int,
        *,
        seed: int,
        power: float = 0.5,
        pchembl: sparse.csr_matrix | None = None,
        partners: Partners | None = None,
        balance: float = 0.0,
    ) -> None:
        self._acts_on = acts_on.astype(np.int32).tocsr()
        by_target = acts_on.tocsc()
        self._start, self._ligands = by_target.indptr, by_target.indices
        n_ligands = np.diff(self._start)
        self._usable = np.flatnonzero(n_ligands >= 2)
        if len(self._usable) < 2:
            raise InputError(
                "fewer than two targets have two ligands: there is nothing to contrast; name a "
                "larger activity table"
            )
        chance = n_ligands[self._usable].astype(np.float64) ** power
        if balance > 0:
            chance = chance / shared_by(acts_on[:, self._usable]) ** balance
        self._chance = chance / chance.sum()
        self.batch_size = min(batch_size, len(self._usable))
        self._drawn_on = self._acts_on[:, self._usable]
        self._pchembl = pchembl
        self._partners = partners
        self._seed = seed

    @property
    def n_targets(self) -> int:
        """Number of targets that may be drawn: those with two ligands."""
        return len(self._usable)

    @property
    def columns(self) -> NDArray[np.int64]:
        """Which columns of `acts_on` the targets that may be drawn are, ``[n_targets]``."""
        return self._usable.astype(np.int64)

    @property
    def n_ligands(self) -> NDArray[np.int64]:
        """Ligands of each target that may be drawn, ``[n_targets]``."""
        return np.diff(self._start)[self._usable].astype(np.int64)

    def acts_on(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which targets that may be drawn the molecules `rows` act on, ``[n, n_targets]``."""
        found: NDArray[np.bool_] = self._drawn_on[rows].toarray() > 0
        return found

    def draw(self, step: int) -> PairBatch:
        """Return the pairs of a step."""
        random = np.random.default_rng([self._seed, step])
        drawn = random.choice(self.n_targets, self.batch_size, replace=False, p=self._chance)
        targets = self._usable[drawn]
        start = self._start[targets].astype(np.int64)
        count = self._start[targets + 1] - start
        first = random.integers(0, count)
        # A second ligand other than the first, uniformly: skip ahead by 1 .. count - 1.
        ahead = random.integers(1, count)[:, None]
        if self._partners is not None:
            more = random.integers(1, count[:, None], (len(count), self._partners.n - 1))
            ahead = np.concatenate([ahead, more], 1)
        candidates = self._ligands[start[:, None] + (first[:, None] + ahead) % count[:, None]]
        first, second = self._ligands[start + first], candidates[:, 0]
        if self._partners is not None:
            second = self._partners.choose(first, candidates)
        shared = (self._acts_on[first] @ self._acts_on[second].T).toarray() > 0
        return PairBatch(
            first.astype(np.int64),
            second.astype(np.int64),
            shared,
            drawn,
            self._activities(first, second, targets),
        )

    def _activities(
        self, first: NDArray[Any], second: NDArray[Any], targets: NDArray[Any]
    ) -> NDArray[np.float32] | None:
        if self._pchembl is None:
            return None
        both = [np.asarray(self._pchembl[ligands, targets]) for ligands in (first, second)]
        return np.concatenate(both).astype(np.float32)


def shared_by(acts_on: sparse.csr_matrix) -> NDArray[np.float64]:
    r"""Count the targets that share each target's ligands, itself included.

    .. math:: g_t = \sum_u \frac{|A_t \cap A_u|}{|A_t \cup A_u|}

    Twenty kinases that one panel was run on are drawn as often as one target, where each counts
    1 / g; alignments of sequences are weighted so. No threshold decides who is of a group.

    Parameters
    ----------
    acts_on
        Sparse bool ``[M, T]``; every target has a ligand.

    Returns
    -------
    float64 ``[T]``, at least one.
    """
    members = acts_on.astype(np.int32)
    common = (members.T @ members).tocoo()
    size = members.getnnz(axis=0)
    jaccard = common.data / (size[common.row] + size[common.col] - common.data)
    return np.bincount(common.row, jaccard, minlength=len(size)).astype(np.float64)
