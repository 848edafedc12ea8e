"""What a fine-tuning amounts to as a training run, and the card of its encoder."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from molsearch.config import FinetuneConfig, TrainConfig
from molsearch.nn.encoder import Encoder
from molsearch.train import card as cards
from molsearch.train.state import TrainState


@dataclass(frozen=True, slots=True)
class Gain:
    """Figures on the held-out scaffolds, means over queries and targets.

    Attributes
    ----------
    before, after, ecfp4
        The figures of `series_screen.FIGURES` for the parent, the tuned encoder and ECFP4.
    counts
        Molecules and actives of each part.
    chosen_step
        Step whose weights ship; 0 is the parent itself.
    """

    before: dict[str, float]
    after: dict[str, float]
    ecfp4: dict[str, float]
    counts: dict[str, int]
    chosen_step: int

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values."""
        return asdict(self)


def train_config(config: FinetuneConfig, parent: Encoder) -> TrainConfig:
    """Return the training configuration that a fine-tuning amounts to."""
    known = parent.card.get("training", {}).get("config", {})
    return TrainConfig.model_validate(
        {
            "name": config.name,
            "size": parent.network.config.name if parent.network.config.name else "small",
            "model": parent.network.config.model_dump(mode="json"),
            "start_from": parent.identity,
            "hold_out_benchmark_targets": bool(known.get("hold_out_benchmark_targets", False)),
            "seed": config.seed,
            "steps": config.steps,
            "pairs_per_step": config.pairs_per_step,
            "micro_batch": config.micro_batch,
            "temperature": config.temperature,
            "learning_rate": config.learning_rate,
            "table_learning_rate": config.learning_rate,
            "weight_decay": 0.0,  # it would pull the parent's weights to zero
            "warm_up": 0.1,
            "ema": config.ema,
            "evaluate_every": config.evaluate_every,
            "conformers": "",
            "development": "",
            "activities": config.activities,
        }
    )


def tuned_card(
    run: TrainConfig,
    config: FinetuneConfig,
    parent: Encoder,
    gain: Gain,
    state: TrainState,
    background: NDArray[np.float32],
) -> dict[str, Any]:
    """Assemble the card of a tuned encoder, which names its parent.

    Parameters
    ----------
    background
        float32 ``[n, dim]``: embeddings of the library's molecules.
    """
    content = cards.card(
        run,
        data=gain.counts,
        figures={},
        run={
            "steps": state.step,
            "chosen_step": gain.chosen_step,
            "seconds": round(sum(row["s"] for row in state.history)),
            "device": str(state.device),
        },
    )
    licence = parent.card.get("licence")
    if licence:
        content["licence"] = licence
    if "geometry" in parent.card:  # what conformers gain is the parent's to say
        content["geometry"] = parent.card["geometry"]
    content["parent"] = {"name": parent.card.get("name"), "identity": parent.identity}
    content["fine_tuning"] = {
        "config": config.model_dump(mode="json"),
        "protocol": (
            "up to max_queries training actives, each alone, against the held-out scaffolds' "
            "actives, inactives and library molecules; mean over queries, then over targets"
        ),
        "before": gain.before,
        "after": gain.after,
        "ecfp4": gain.ecfp4,
    }
    half = len(background) // 2
    content["applicability"] = cards.applicability(background[:half], background[half:])
    return content
