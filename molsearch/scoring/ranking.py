"""From the ranking a user asks for to the blend that an index is searched with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.chem.fingerprints import FINGERPRINTS
from molsearch.errors import UsageError
from molsearch.index.rarity import Reference
from molsearch.scoring.blend import Blend, Likeness, Rarity
from molsearch.scoring.default import BALANCED, RARITY, balanced
from molsearch.scoring.expression import ONLY_ADDED, Expression, Term, parse_expression
from molsearch.scoring.fusion import MEANING, Fusion
from molsearch.words import counted

MOLSEARCH = "molsearch"
STORED = "ecfp4"  # the fingerprint that an index holds
MOVED = "moved towards the first"  # what hits have done to queries
SHAPE = "shape"  # looks at the first of a list: a `Rescorer`
INACTIVES = "inactives"  # the nearest known inactive, which counts against a molecule
SERIES = "series"  # what sets the queries apart from known inactives
COUNTERS = (INACTIVES, SERIES)
# Told of a molecule by itself, or of it and inactives: there is nothing to fuse over queries.
UNFUSED = (RARITY, *COUNTERS)
_OURS = frozenset({BALANCED, MOLSEARCH, SHAPE, *UNFUSED, *FINGERPRINTS})


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Ranking:
    """What ranks a screen.

    Attributes
    ----------
    asked
        As the user asked for it.
    expression
        What that stands for with this number of queries, every fusion named.
    n_queries
        How many queries there are.
    widened_by
        Ids of the first hits that move the embeddings of the queries; none: they stay as they are.
    """

    asked: str
    expression: Expression
    n_queries: int
    widened_by: tuple[str, ...] = ()

    @property
    def widened(self) -> int:
        """How many first hits move the queries."""
        return len(self.widened_by)

    @property
    def embedding(self) -> Term | None:
        """The encoder's part, if it has one."""
        return next((term for term in self.expression.terms if term.name == MOLSEARCH), None)

    @property
    def likeness(self) -> Term | None:
        """The fingerprint's part, if it has one."""
        return next((term for term in self.expression.terms if term.name == STORED), None)

    @property
    def extras(self) -> tuple[Term, ...]:
        """Components that an index does not hold: other fingerprints, further encoders."""
        held = (MOLSEARCH, STORED, SHAPE, *UNFUSED)
        return tuple(term for term in self.expression.terms if term.name not in held)

    @property
    def rarity(self) -> Term | None:
        """How much a molecule's rarity counts, if it does."""
        return next((term for term in self.expression.terms if term.name == RARITY), None)

    @property
    def of_inactives(self) -> Term | None:
        """How known inactives count, if they do."""
        return next((term for term in self.expression.terms if term.name in COUNTERS), None)

    @property
    def further(self) -> tuple[Term, ...]:
        """Components beside encoder and fingerprint of the index, each with a column of its own."""
        return tuple(one for one in (self.rarity, *self.extras, self.shape) if one is not None)

    @property
    def shape(self) -> Term | None:
        """The overlay of 3D shapes, which looks at the first of a list, if it has a part."""
        return next((term for term in self.expression.terms if term.name == SHAPE), None)

    def by_embedding_alone(self) -> Ranking:
        """Leave out what compares structures, for queries that have none, and what came with it.

        Rarity's weight in the default ranking was chosen beside ECFP4; with the cosine alone, which
        is about the same for all molecules where a vector lies far off, it would order the list.
        An expression that names rarity keeps it.

        Raises
        ------
        UsageError
            The ranking was asked for with more than the embedding.
        """
        if self.likeness is None and not self.extras and self.shape is None:
            return self
        if self.asked != BALANCED or self.embedding is None:
            raise UsageError(
                f"--rank {self.asked[:80]!r} looks at structures, which a query given as a "
                f"vector has none of; use --rank {MOLSEARCH}"
            )
        return Ranking(self.asked, Expression((self.embedding,)), self.n_queries)

    def blend(self, packed: NDArray[np.uint8], reference: Reference | None = None) -> Blend:
        """Make what the engine adds.

        Parameters
        ----------
        packed
            ECFP4 of the queries, uint8 ``[n_queries, 256]``.
        reference
            Compounds of the encoder, by which rarity is told.

        Raises
        ------
        UsageError
            Rarity counts, and the encoder has none.
        """
        first, second, third = self.embedding, self.likeness, self.rarity
        likeness = rarity = None
        if second is not None:
            likeness = Likeness(packed, second.weight, second.fusion or "max")
        if third is not None:
            if reference is None:
                raise UsageError(
                    f"--rank {self.asked[:80]!r}: this encoder brings no reference compounds, by "
                    f"which {RARITY} is told; leave it out, or train the encoder again"
                )
            rarity = Rarity(reference, third.weight)
        if first is None:
            return Blend(0.0, "max", likeness, rarity)
        return Blend(first.weight, first.fusion or "max", likeness, rarity)

    def words(self) -> str:
        """Say in one line what is added to what."""
        counter = self.of_inactives
        said = " + ".join(self._said(term) for term in self.expression.terms if term is not counter)
        said = said if counter is None else f"{said}{_counted(counter)}"
        if not self.widened:
            return said
        what = "query" if self.n_queries == 1 else "queries"
        return f"{said}; {what} {MOVED} {counted(self.widened, 'hit')}"

    def record(self) -> dict[str, Any]:
        """Tell what made the ranking, for ``run.json``."""
        return {
            "rank": self.asked,
            "expression": str(self.expression),
            "words": self.words(),
            "n_queries": self.n_queries,
            "widened_by_hits": self.widened,
            "widened_by": list(self.widened_by),
            "components": [
                {"name": term.name, "weight": term.weight, "fusion": term.fusion}
                for term in self.expression.terms
            ],
        }

    def _said(self, term: Term) -> str:
        kinds = {
            MOLSEARCH: "cosine of the embeddings",
            STORED: "ECFP4 similarity",
            SHAPE: "overlay of 3D shapes",
            RARITY: "rarity among reference compounds",
        }
        cosine, print_ = f"cosine by {term.name}", f"{term.name} similarity"
        kind = kinds.get(term.name, print_ if term.name in FINGERPRINTS else cosine)
        weight = "" if term.weight == 1.0 else f"{term.weight:.6g} × "
        fused = self.n_queries > 1 and term.name not in UNFUSED
        fusion = f" ({MEANING[term.fusion or 'max']})" if fused else ""
        return f"{weight}{kind}{fusion}"


def ranking_of(
    asked: str,
    n_queries: int,
    *,
    fusion: Fusion | None = None,
    encoder: Collection[str] = (),
    is_encoder: Callable[[str], bool] = _never,
    inactives: bool = False,
    rarity: bool = False,
) -> Ranking:
    """Resolve the ranking a screen was asked for.

    Parameters
    ----------
    asked
        ``balanced``, ``molsearch``, or an expression of ``molsearch``, ``ecfp4``, other
        fingerprints and further encoders.
    fusion
        Over queries, wherever `asked` itself names none; also in place of the fusions that
        ``balanced`` stands for.
    encoder
        Other names of the encoder whose embeddings the index holds.
    is_encoder
        Tells the names of further encoders.
    inactives
        Whether ``balanced`` counts inactives.
    rarity
        Whether ``balanced`` adds rarity: the encoder can tell it.

    Raises
    ------
    UsageError
        The expression cannot be read, or names what an index does not hold.
    """
    if asked.strip().lower() == BALANCED:
        counted = inactives and fusion is None
        expression = balanced(n_queries, inactives=counted, rarity=rarity, fusion=fusion)
        return Ranking(BALANCED, expression, n_queries)
    parsed = parse_expression(asked, whole=lambda name: "/" in name and is_encoder(name))
    terms = [_known(term, asked, encoder, is_encoder) for term in parsed.terms]
    _refuse_repeats(terms, asked)
    _refuse_alone(terms, asked)
    whole = Expression(tuple(sorted(terms, key=lambda term: term.name in UNFUSED)))
    return Ranking(asked, whole.fused_by(fusion or "max", but=UNFUSED), n_queries)


def _known(
    term: Term, asked: str, encoder: Collection[str], is_encoder: Callable[[str], bool]
) -> Term:
    if term.name in (MOLSEARCH, *encoder):
        return Term(MOLSEARCH, term.weight, term.fusion)
    if term.name in UNFUSED and term.fusion is not None:
        raise UsageError(
            f"--rank {asked[:80]!r}: {term.name} is not fused over queries; drop the "
            f"-{term.fusion} behind it"
        )
    if term.name in (SHAPE, *UNFUSED) or term.name in FINGERPRINTS or is_encoder(term.name):
        return term
    small = term.name.lower()
    if small != term.name and (small in _OURS or small in encoder or is_encoder(small)):
        return _known(replace(term, name=small), asked, encoder, is_encoder)
    if term.name == BALANCED:
        wrong = f"{BALANCED} stands alone"
    elif "-" in term.name and {part.strip().lower() for part in term.name.split("-")} & _OURS:
        raise UsageError(f"--rank {asked[:80]!r}: {ONLY_ADDED}")
    else:
        wrong = f"no encoder and no fingerprint is called {term.name!r}"
    raise UsageError(
        f"--rank {asked[:80]!r}: {wrong}; choose {BALANCED}, or add {MOLSEARCH}, another "
        f"encoder's name or folder, {', '.join(FINGERPRINTS)}, {RARITY} and {SHAPE}, with "
        f"inactives also {INACTIVES} or {SERIES}, such as 4*{MOLSEARCH}+{STORED}"
    )


def _refuse_repeats(terms: Sequence[Term], asked: str) -> None:
    names = [term.name for term in terms]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--rank {asked[:80]!r} names the encoder twice: give it one weight")


def _refuse_alone(terms: Sequence[Term], asked: str) -> None:
    names = {term.name for term in terms}
    if names <= {SHAPE, *UNFUSED}:
        what = SHAPE if SHAPE in names else min(names)
        why = "looks at the first of a list that something else ranks"
        if SHAPE not in names:
            why = "changes the ranks that something else gives"
        if names == {RARITY}:
            why = "knows nothing of the queries"
        raise UsageError(f"--rank {asked[:80]!r}: {what} {why}; add it to {MOLSEARCH} or {STORED}")
    if names >= set(COUNTERS):
        raise UsageError(
            f"--rank {asked[:80]!r}: {INACTIVES} and {SERIES} count the same molecules; leave one "
            "out"
        )


def _counted(term: Term) -> str:
    times = "" if term.weight == 1.0 else f"{term.weight:.6g} × "
    if term.name == INACTIVES:
        return f" less {times}cosine of the nearest known inactive"
    return f" + {times}series model (queries against known inactives and random molecules)"
