"""What a partial transport plan says of rows that were not there when it was solved."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, slots=True)
class ColumnPotentials:
    r"""Potentials of a partial plan's columns, from which any row of one unit follows.

    With :math:`\ell_{ij} = S_{ij} / \varepsilon + g_j` a row of the plan is

    .. math:: P_{ij} = e^{\ell_{ij}} / \max(1, \textstyle\sum_k e^{\ell_{ik}})

    which is the first update of the row in `molsearch.losses.partial_plan`: a softmax where there
    is enough that the row is like, less than one in all where there is not.

    Attributes
    ----------
    potentials
        float64 ``[m]``: g.
    epsilon
        Strength of the entropy.
    converged
        Whether the plan that they belong to was found.
    """

    potentials: Tensor
    epsilon: float
    converged: bool

    def rows(self, similarity: Tensor) -> Tensor:
        """Return the plan's rows of molecules with these similarities: ``[n, m]`` of one at most.

        Parameters
        ----------
        similarity
            ``[n, m]``; no gradient flows into the plan.
        """
        potentials = self.potentials.to(similarity.device, similarity.dtype)
        logits = similarity.detach() / self.epsilon + potentials
        return (logits - logits.logsumexp(1, keepdim=True).clamp_min(0)).exp()
