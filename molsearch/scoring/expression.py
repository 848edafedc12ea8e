"""Rankings as people write them: ``balanced``, ``molsearch``, ``4*molsearch+ecfp4-mean``."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from molsearch.errors import UsageError
from molsearch.scoring.fusion import FUSIONS, Fusion
from molsearch.words import counted

#: Said where a minus stands before something else than a fusion.
ONLY_ADDED = (
    "components are added, by +, and never taken off; what counts against a molecule, as inactives "
    "do, is added too"
)
_MOST = 2000  # characters; folders have long names


def _never(_: str) -> bool:
    return False


@dataclass(frozen=True)
class Term:
    """One component of a ranking.

    Attributes
    ----------
    name
        What scores: an encoder, a fingerprint, another method.
    weight
        What its fused similarity is multiplied by.
    fusion
        Of its scores over queries; None where the expression does not say.
    """

    name: str
    weight: float = 1.0
    fusion: Fusion | None = None

    def __str__(self) -> str:
        # A plus adds components, so that of an exponent is left out.
        weight = "" if self.weight == 1.0 else f"{self.weight:.12g}*".replace("e+", "e")
        return f"{weight}{self.name}{f'-{self.fusion}' if self.fusion else ''}"


@dataclass(frozen=True)
class Expression:
    """Components to be added, each times its weight, raw."""

    terms: tuple[Term, ...]

    def __str__(self) -> str:
        return "+".join(str(term) for term in self.terms)

    def renamed(self, old: str, new: str) -> Expression:
        """Name one component otherwise: which encoder `molsearch` is, say."""
        return Expression(
            tuple(replace(term, name=new) if term.name == old else term for term in self.terms)
        )

    def fused_by(
        self, how: Fusion, *, always: bool = False, but: Collection[str] = ()
    ) -> Expression:
        """Give terms without a fusion (`always`: all of them) this one, other than those named."""
        return Expression(
            tuple(
                replace(term, fusion=how)
                if term.name not in but and (always or term.fusion is None)
                else term
                for term in self.terms
            )
        )


def parse_expression(text: str, *, whole: Callable[[str], bool] = _never) -> Expression:
    """Read an expression: names joined by ``+``, each with a weight before and a fusion behind.

    Parameters
    ----------
    whole
        Tells a name that is never taken apart, such as that of an existing folder.

    Raises
    ------
    UsageError
        A weight is no positive number, a name is missing or given twice.

    Examples
    --------
    >>> str(parse_expression("4*molsearch-top2 + ecfp4"))
    '4*molsearch-top2+ecfp4'
    """
    if len(text) > _MOST:
        raise UsageError(
            f"a ranking of {counted(len(text), 'character')} is too long: at most {_MOST:,}"
        )
    if whole(text):
        return Expression((Term(text),))
    terms = tuple(_term(part.strip(), text, whole) for part in text.split("+"))
    for number, term in enumerate(terms):
        if term.name in [other.name for other in terms[:number]]:
            raise UsageError(f"{text!r} names {term.name!r} twice: give it one weight")
    return Expression(terms)


def _term(part: str, text: str, whole: Callable[[str], bool]) -> Term:
    if whole(part):
        return Term(part)
    weight, name = _weighted(part, whole)
    if whole(name):
        return Term(name, weight)
    fusion: Fusion | None = None
    for how in FUSIONS:
        if name.lower().endswith(f"-{how}"):
            name, fusion = name[: -len(how) - 1], how
            break
    if not name:
        raise UsageError(
            f"{text[:80]!r} lacks a name; write for instance 'balanced', 'molsearch' or "
            "'4*molsearch+ecfp4'"
        )
    return Term(name, weight, fusion)


def _weighted(part: str, whole: Callable[[str], bool]) -> tuple[float, str]:
    weight, star, name = part.partition("*")
    if not star:
        return 1.0, part
    value = _number(weight)
    if value is None and weight.strip() and _number(name) is not None:
        raise UsageError(f"{part!r} has its weight behind; write {name.strip()}*{weight.strip()}")
    if value is None and "-" in weight.strip(" -"):
        raise UsageError(f"{part!r}: {ONLY_ADDED}")
    if value is None or not (math.isfinite(value) and value > 0):
        raise UsageError(f"weight {weight.strip()!r} in {part!r} is no positive number")
    return value, name.strip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
