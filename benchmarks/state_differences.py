r"""State in an encoder's card what conformers gain it, and how it stands to the default.

    python benchmarks/state_differences.py molsearch/weights/small-whole \
        --figures results/development/small-whole.csv --default results/development/small.csv \
        --ablation results/ablation/whole.json --with-3d whole

Both are paired differences over the development targets, with 95 % bootstrap intervals: of the same
training with conformers and without (the ablation's reference), and of this encoder and the default
on the same queries and pools. `index` reads the first to choose whether a library gets conformers.
Weights and identity stay as they are.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from molsearch.io.atomic import write_text
from molsearch.io.folders import CARD
from molsearch.metrics.bootstrap import Interval, paired

METRICS = ("bedroc_80p5", "novel_bedroc_80p5", "auroc")


def of_geometry(record: dict[str, Any], variant: str, source: str) -> dict[str, Any]:
    """Return the card's field on conformers, from an ablation's variant and its reference."""
    by_name = {one["name"]: one for one in record["variants"]}
    found = by_name[variant]
    against = by_name[found["difference"]["against"]]["label"]
    gain = found["difference"]["bedroc_80p5"]
    seeds = len(found["difference"]["seeds"])
    return {
        "gain": gain["mean"],
        "interval": [gain["low"], gain["high"]],
        "source": f"{source}: BEDROC(80.5) on the development screens, {found['label']} over "
        f"{against}, {seeds} seed{'s' if seeds > 1 else ''}",
    }


def of_default(figures: pd.DataFrame, default: pd.DataFrame, source: str) -> dict[str, Any]:
    """Return paired differences to the default encoder, target by target.

    Raises
    ------
    ValueError
        The tables are not of the same screens.
    """
    one, other = figures.set_index("target"), default.set_index("target")
    if not one.index.equals(other.index) or not np.allclose(
        one["bedroc_80p5_ecfp4"], other["bedroc_80p5_ecfp4"], atol=1e-4
    ):
        raise ValueError("the tables are not of the same screens: ECFP4 differs; run one anew")
    pairs = {name: paired(one[name].to_numpy(), other[name].to_numpy()) for name in METRICS}
    return {
        "source": source,
        "targets": len(one),
        **{
            name: {**_rounded(pair.difference), "better": pair.wins, "worse": pair.losses}
            for name, pair in pairs.items()
        },
    }


def _rounded(found: Interval) -> dict[str, Any]:
    low, high = (round(value, 4) for value in (found.low, found.high))
    return {"difference": round(found.mean, 4), "interval": [low, high]}


def main() -> None:
    """Amend the card."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("encoder", type=Path, help="folder of the encoder")
    parser.add_argument("--figures", type=Path, required=True, help="its development.csv")
    parser.add_argument("--default", type=Path, required=True, help="that of the default encoder")
    parser.add_argument("--ablation", type=Path, required=True)
    parser.add_argument("--with-3d", default="whole", help="variant of the ablation")
    chosen = parser.parse_args()
    path = chosen.encoder / CARD
    card = json.loads(path.read_text())
    record = json.loads(chosen.ablation.read_text())
    card["geometry"] = of_geometry(record, chosen.with_3d, str(chosen.ablation))
    card["against_default"] = of_default(
        pd.read_csv(chosen.figures),
        pd.read_csv(chosen.default),
        f"{chosen.figures} and {chosen.default}",
    )
    write_text(path, json.dumps(card, indent=1) + "\n")
    print(json.dumps({k: card[k] for k in ("geometry", "against_default")}, indent=1))


if __name__ == "__main__":
    main()
