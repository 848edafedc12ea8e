"""A fit of trust that foretells something of nearly all queries."""

from __future__ import annotations

from molsearch.trust import fitted as file
from molsearch.trust.features import ALONE, SEVERAL


def fitted(**changes) -> file.Fitted:
    def estimate(names):
        n = len(names)
        return file.Estimate(
            names=names, mean=(0.0,) * n, scale=(1.0,) * n, coefficients=(-1.0,) + (0.1,) * n,
            low=-1.0, high=1.5, least=(-5.0,) * n, most=(5.0,) * n,
        )  # fmt: skip

    fields = {
        "format": file.FORMAT,
        "encoder": "mine",
        "rank": "balanced",
        "n_targets": 39,
        "estimates": {"alone": estimate(ALONE), "several": estimate(SEVERAL)},
        "calibrations": {
            "alone": file.Calibration(coefficients=(-3.0, *(1.0,) * 8), prior=0.03),
            "several": file.Calibration(coefficients=(-3.0, *(1.0,) * 11), prior=0.03),
        },
        **changes,
    }
    return file.Fitted(**fields)
