"""InfoNCE over pairs of ligands of one target, without false negatives."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

from molsearch.errors import UsageError
from molsearch.losses.gather import gather_rows, rank_and_size
from molsearch.losses.reduction import weighted_mean
from molsearch.losses.similarity import scaled_cosines

Mode = Literal["mask", "positive"]


def info_nce(
    z1: Tensor,
    z2: Tensor,
    *,
    temperature: float | Tensor = 0.05,
    shares_target: Tensor | None = None,
    mode: Mode = "mask",
    weights: Tensor | None = None,
    gather: bool = False,
    negatives: Tensor | None = None,
    is_negative: Tensor | None = None,
    negative_weight: float = 1.0,
    common: Tensor | None = None,
    likeness: Tensor | None = None,
    common_likeness: Tensor | None = None,
) -> Tensor:
    r"""Symmetric supervised InfoNCE between two views of a batch of targets.

    Row *i* of `z1` and row *i* of `z2` are two ligands of one target. With
    :math:`s_{ij} = z^1_i \cdot z^2_j / \tau`, positives :math:`P_i \ni i` and negatives
    :math:`N_i`, the loss of row *i* in one direction is

    .. math:: \ell_i = \frac{1}{|P_i|} \sum_{p \in P_i}
              -\log \frac{e^{s_{ip}}}{e^{s_{ip}} + \sum_{n \in N_i} e^{s_{in}}}

    and the result is the weighted mean over rows and over both directions. A pair of rows
    that shares a target is never in :math:`N_i`: the published S-MolSearch code pushes such
    pairs apart. `mode` decides whether it is left out (``"mask"``) or joins :math:`P_i`
    (``"positive"``); other positives never enter a positive's denominator, so attracting
    one ligand does not repel another (unlike the outer sum of SupCon).

    References
    ----------
    .. [1] S-MolSearch, supervised term: https://arxiv.org/abs/2409.07462
    .. [2] InfoNCE: https://arxiv.org/abs/1807.03748
    .. [3] SupCon, several positives: https://arxiv.org/abs/2004.11362

    Parameters
    ----------
    z1, z2
        ``[B, d]`` embeddings of unit length.
    temperature
        Positive number or learned scalar.
    shares_target
        Bool ``[N, N]``, N being B times the number of gathered processes (B without
        `gather`): true where row *i* of the first view shares any target with row *j* of the
        second. Need not be symmetric; the diagonal is taken as true. None: no row shares.
    mode
        What becomes of other rows that share a target.
    weights
        ``[B]`` non-negative weights of the rows, for instance by activity; a row's weight
        counts in both directions. All zero gives a loss of zero.
    gather
        Take the negatives from all processes. Each process returns its share, scaled so
        that the mean over processes is the loss of the whole batch. Needs equal B.
    negatives, is_negative
        ``[B * k, d]`` of unit length, k for each row in turn, and bool ``[B, k]``: which of them
        are there. They stand in their own row's two denominators and in no other, such as
        molecules measured inactive on its target.
    negative_weight
        What one of them counts there, positive.
    common
        ``[K, d]`` of unit length: negatives of every row, such as screening compounds; with
        `gather`, those of all processes, each of which brings as many.
    likeness, common_likeness
        ``[N, N]`` as `shares_target`, and ``[2, B, K]`` of the rows of either view and the common
        negatives (of all processes): what is added to their cosines, such as similarities of
        fingerprints, so that the embeddings learn what these leave over.

    Returns
    -------
    Tensor
        Scalar, float32 or float64; zero for rows without negatives.

    Raises
    ------
    UsageError
        On shapes that do not fit, an unknown mode, a temperature that is not positive.

    Examples
    --------
    >>> z = torch.eye(3)
    >>> round(info_nce(z, z, temperature=1.0).item(), 4)
    0.5514
    >>> info_nce(z, z, shares_target=torch.ones(3, 3, dtype=torch.bool)).item()
    0.0
    """
    rank, size = rank_and_size() if gather else (0, 1)
    n_rows = len(z1)
    _check(z1, z2, shares_target, mode, weights, n_rows * size)
    _check_negatives(n_rows, negatives, is_negative, negative_weight)
    if common is not None and (common.ndim != 2 or common.shape[1] != z1.shape[1]):
        raise UsageError(
            f"common must be [K, {z1.shape[1]}], as wide as the views, got {tuple(common.shape)}"
        )
    own = slice(rank * n_rows, (rank + 1) * n_rows)
    same = torch.eye(n_rows * size, dtype=torch.bool, device=z1.device)
    if shares_target is not None:
        same = same | shares_target
    if size == 1:
        logits = scaled_cosines(z1, z2, temperature)  # [B, B]
        forward, backward = logits, logits.T
    else:
        forward = scaled_cosines(z1, gather_rows(z2), temperature)  # [B, N]
        backward = scaled_cosines(z2, gather_rows(z1), temperature)
    if likeness is not None:
        forward = forward + likeness[own] / temperature
        backward = backward + likeness[:, own].T / temperature
    more = [_against(z, negatives, is_negative, temperature, negative_weight) for z in (z1, z2)]
    if common is not None:
        all_common = gather_rows(common) if size > 1 else common
        for view, z in enumerate((z1, z2)):
            against = scaled_cosines(z, all_common, temperature)
            if common_likeness is not None:
                against = against + common_likeness[view] / temperature
            more[view].append(against)
    rows = _row_losses(forward, same[own], mode, rank * n_rows, more[0])
    rows = 0.5 * (rows + _row_losses(backward, same[:, own].T, mode, rank * n_rows, more[1]))
    return weighted_mean(rows, weights, size)


def _against(
    z: Tensor,
    negatives: Tensor | None,
    is_negative: Tensor | None,
    temperature: float | Tensor,
    weight: float,
) -> list[Tensor]:
    """Logits ``[B, k]`` of each row's own negatives; an empty list where there are none."""
    if negatives is None or is_negative is None:
        return []
    dtype = torch.promote_types(z.dtype, torch.float32)
    with torch.autocast(z.device.type, enabled=False):
        own = negatives.to(dtype).view(*is_negative.shape, -1)  # [B, k, d]
        logits = torch.linalg.vecdot(z.to(dtype)[:, None], own) / temperature
    return [(logits + math.log(weight)).masked_fill(~is_negative, _fill(logits))]


def _fill(logits: Tensor) -> float:
    # A large finite fill, not -inf: a row without negatives then has gradient zero, not NaN.
    return torch.finfo(logits.dtype).min / 2


def _row_losses(
    logits: Tensor, same: Tensor, mode: Mode, offset: int, more: list[Tensor]
) -> Tensor:
    """Loss of each row, ``[B]``; row i's partner is column ``offset + i``."""
    others = logits.masked_fill(same, _fill(logits))
    if more:
        others = torch.cat([others, *more], 1)
    negatives = others.logsumexp(1, keepdim=True)  # [B, 1]
    if mode == "mask":
        return _softplus(negatives[:, 0] - logits.diagonal(offset))
    terms = _softplus(negatives - logits).masked_fill(~same, 0.0)
    return terms.sum(1) / same.sum(1)


def _softplus(x: Tensor) -> Tensor:
    # The default threshold of 20 is exact in single precision only.
    return nn.functional.softplus(x, threshold=40)


def _check_negatives(
    n: int, negatives: Tensor | None, is_negative: Tensor | None, weight: float
) -> None:
    if negatives is None and is_negative is None:
        return
    if (
        negatives is None
        or is_negative is None
        or is_negative.shape[:1] != (n,)
        or is_negative.dtype != torch.bool
        or len(negatives) != is_negative.numel()
    ):
        raise UsageError(
            f"negatives and is_negative must be [{n} * k, d] and bool [{n}, k]: give both, k for "
            "each row"
        )
    if not 0 < weight < math.inf:
        raise UsageError(f"negative_weight must be a positive number, got {weight}")


def _check(
    z1: Tensor,
    z2: Tensor,
    shares_target: Tensor | None,
    mode: str,
    weights: Tensor | None,
    n_all: int,
) -> None:
    if z1.ndim != 2 or z1.shape != z2.shape or len(z1) == 0:
        raise UsageError(
            f"info_nce needs two equal, non-empty [B, d] views, got {tuple(z1.shape)} "
            f"and {tuple(z2.shape)}"
        )
    if shares_target is not None and (
        shares_target.dtype != torch.bool or shares_target.shape != (n_all, n_all)
    ):
        raise UsageError(
            f"shares_target must be bool [{n_all}, {n_all}] (all gathered rows), got "
            f"{shares_target.dtype} {tuple(shares_target.shape)}"
        )
    if mode not in ("mask", "positive"):
        raise UsageError(f"mode must be 'mask' or 'positive', got {mode!r}")
    if weights is not None and weights.shape != (len(z1),):
        raise UsageError(f"weights must be [{len(z1)}], one a row, got {tuple(weights.shape)}")
