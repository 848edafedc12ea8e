"""Trained encoders become one: a committee, judged and carded like any run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from molsearch.config import TrainConfig
from molsearch.nn.committee import joined
from molsearch.nn.encoder import Encoder
from molsearch.train.finish import finish
from molsearch.train.material import Material
from molsearch.train.teachers import encoder_facts


def run_join(
    config: TrainConfig,
    material: Material,
    out: Path,
    parts: list[Encoder],
    on_ready: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Join encoders side by side and write the committee's folder.

    Parameters
    ----------
    on_ready
        Called before anything is written, when nothing can be refused any more.

    Returns
    -------
    dict
        The card; ``parts`` under ``training`` says what each part was, and its figures stand
        beside the whole's under ``development``.

    Raises
    ------
    UsageError
        The parts do not go together.
    """
    networks = [part.network for part in parts]
    dim: int = config.model.get("embedding_dim", networks[0].config.embedding_dim)
    whole = joined(networks, dim)
    on_ready()
    names = [_unlike(str(part.card.get("name")), place) for place, part in enumerate(parts)]
    run = {
        "encoder": "committee",
        "parts": [encoder_facts(part, name) for name, part in zip(names, parts, strict=True)],
    }
    judged = {"committee": whole, **dict(zip(names, networks, strict=True))}
    return finish(config, material, out, judged, shipped="committee", run=run)


def _unlike(name: str, place: int) -> str:
    return f"{place + 1}:{name}"
