"""What a set of picks may hold together: of one scaffold, of what is known, of money."""

from __future__ import annotations

from collections import Counter

import numpy as np
from numpy.typing import NDArray


class Limits:
    """Limits of a set of picks, told of every pick.

    Parameters
    ----------
    n
        Picks wanted.
    scaffolds
        Scaffold of each candidate; an empty one is no scaffold. None where they do not count.
    per_scaffold
        Most picks of one scaffold.
    known
        Which candidates are not novel, and how many of those may be picked.
    prices
        Price of each candidate, and what all picks may cost; a candidate without one is not
        picked.
    ceiling
        Most that one of them may cost, unless it is picked in any case.
    """

    def __init__(
        self,
        n: int,
        *,
        scaffolds: list[str] | None = None,
        per_scaffold: int | None = None,
        known: tuple[NDArray[np.bool_], int] | None = None,
        prices: tuple[NDArray[np.float64], float] | None = None,
        ceiling: float = float("inf"),
    ) -> None:
        self.left = n
        self._scaffolds = scaffolds if per_scaffold is not None else None
        self._per_scaffold = per_scaffold or 0
        self._known = None if known is None else known[0]
        self._n_known = 0 if known is None else known[1]
        self._prices = None if prices is None else prices[0]
        self._money = 0.0 if prices is None else prices[1]
        self._ceiling = ceiling
        self._of_scaffold: Counter[str] = Counter()
        self._free: NDArray[np.float64] | None = None
        if self._prices is not None:
            self._free = np.sort(self._prices[self._prices <= ceiling])
        self._sums = self._summed()

    def fresh(self, most: float | None = None) -> Limits:
        """Make the same limits anew, before any is taken; `most` is a price too high for a pick."""
        return Limits(
            self.left,
            scaffolds=self._scaffolds,
            per_scaffold=self._per_scaffold if self._scaffolds is not None else None,
            known=None if self._known is None else (self._known, self._n_known),
            prices=None if self._prices is None else (self._prices, self._money),
            ceiling=self._ceiling if most is None else most,
        )

    def within(self, places: list[int]) -> Limits:
        """Make the same limits for some of the candidates, numbered anew."""
        return Limits(
            self.left,
            scaffolds=None if self._scaffolds is None else [self._scaffolds[i] for i in places],
            per_scaffold=self._per_scaffold if self._scaffolds is not None else None,
            known=None if self._known is None else (self._known[places], self._n_known),
            prices=None if self._prices is None else (self._prices[places], self._money),
            ceiling=self._ceiling,
        )

    def ceilings(self, n: int) -> list[float]:
        """List `n` prices, from dear to cheap, above which a pick might not be allowed to cost."""
        if self._free is None or not len(self._free):
            return []
        shares = np.linspace(1.0, 0.0, n + 1)[1:-1]
        return [float(one) for one in np.unique(np.quantile(self._free, shares))[::-1]]

    def why_not(self, candidate: int) -> str:
        """Name the limit that a candidate would pass; empty where it passes none."""
        if self._scaffolds is not None:
            scaffold = self._scaffolds[candidate]
            if scaffold and self._of_scaffold[scaffold] >= self._per_scaffold:
                return "--per-scaffold"
        if self._known is not None and self._known[candidate] and self._n_known < 1:
            return "--novel"
        if self._prices is not None and not self._affordable(float(self._prices[candidate])):
            return "--budget"
        return ""

    def take(self, candidate: int) -> None:
        """Count a candidate as picked."""
        self.left -= 1
        if self._scaffolds is not None:
            self._of_scaffold[self._scaffolds[candidate]] += 1
        if self._known is not None and self._known[candidate]:
            self._n_known -= 1
        if self._prices is not None and self._free is not None:
            price = float(self._prices[candidate])
            self._money -= price if price == price else 0.0
            gone = np.searchsorted(self._free, price)
            if gone < len(self._free) and self._free[gone] == price:
                self._free = np.delete(self._free, gone)
            self._sums = self._summed()

    def _summed(self) -> NDArray[np.float64]:
        """Least price of 0, 1, 2, … further candidates."""
        free = np.empty(0) if self._free is None else self._free
        return np.concatenate([[0.0], np.cumsum(free[: self.left + 1])])

    def _affordable(self, price: float) -> bool:
        """Whether the cheapest that are left can still fill the rest of the picks."""
        if not price <= self._ceiling or self._free is None:
            return False
        others = self.left - 1
        if others >= len(self._free):
            return price <= self._money  # too few are left in any case
        # One of the cheapest may be the candidate itself.
        among = others > 0 and price <= self._free[others - 1]
        rest = self._sums[others + 1] - price if among else self._sums[others]
        return bool(price + rest <= self._money * (1 + 1e-12))
