"""Named sizes of the encoder; extensions add theirs to `SIZES`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from molsearch import extensions
from molsearch.config import ModelConfig
from molsearch.errors import UsageError
from molsearch.wrong import first_wrong

SIZES = {
    # Two CPU cores train it.
    "small": ModelConfig(name="small"),
    # One GPU.
    "base": ModelConfig(
        name="base", attention=True, graph_width=256, n_layers=8, n_heads=16, dropout=0.1
    ),
    # Uni-Mol's depth, width and heads.
    "large": ModelConfig(
        name="large", attention=True, graph_width=512, width=512, n_layers=15, n_heads=64
    ),
}


def model_config(name: str) -> ModelConfig:
    """Return the configuration of a named size.

    Raises
    ------
    UsageError
        If there is no such size.
    """
    extensions.load()
    if name not in SIZES:
        raise UsageError(f"no encoder size named {name!r}; there are {', '.join(SIZES)}")
    return SIZES[name]


def with_changes(config: ModelConfig, changes: Mapping[str, Any]) -> ModelConfig:
    """Return a configuration with some of its settings changed.

    Raises
    ------
    UsageError
        A setting is unknown or out of range, or does not go with the others.
    """
    try:
        return ModelConfig.model_validate({**config.model_dump(), **changes})
    except ValidationError as error:
        raise UsageError(first_wrong(error, ModelConfig, "model")) from None
