"""Networks that gain or lose the 3D branch: where a run starts, and what it writes."""

from __future__ import annotations

import torch
from torch import nn

from molsearch.config import ModelConfig, TrainConfig
from molsearch.errors import UsageError
from molsearch.nn.committee import network_of
from molsearch.nn.encoder import Encoder
from molsearch.nn.network import Network
from molsearch.nn.registry import with_changes
from molsearch.train.learner import encoder_config

# What a network without a 3D branch lacks: the branch, and how it modulates the substructures.
_GROWN = ("graph.", "fusion.modulate.")


def model_of(config: TrainConfig, parent: Encoder | None) -> ModelConfig:
    """Return the model of a run: the named size, or the parent's; with the run's own changes."""
    if parent is None:
        return encoder_config(config)
    return with_changes(parent.network.config, config.model)


def grown(config: TrainConfig, parent: Network) -> Network:
    """Give a parent the 3D branch that a run asks for, so that at first it changes nothing.

    The modulation by the new branch starts at zero: the first step embeds as the parent does.

    Parameters
    ----------
    config
        ``model`` holds the changes, such as ``use_geometry: true``; without any the parent itself
        is returned.

    Raises
    ------
    UsageError
        A change that the parent's weights do not fit.
    """
    wanted = with_changes(parent.config, config.model)
    if wanted == parent.config:
        return parent
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = network_of(wanted)
    weights = parent.state_dict()
    own = network.state_dict()
    missing = [name for name in own if name not in weights and not name.startswith(_GROWN)]
    unlike = [name for name in weights if name not in own or own[name].shape != weights[name].shape]
    if missing or unlike:
        raise UsageError(
            f"start_from: model changes {', '.join(sorted(config.model))}, which the weights of "
            f"the encoder do not fit ({(missing + unlike)[0]}); only a 3D branch can be added"
        )
    network.load_state_dict(weights, strict=False)
    if wanted.use_geometry and not parent.config.use_geometry:
        _silence(network)
    return network


def without_geometry(network: Network) -> Network:
    """Return a copy without the 3D branch: what a network makes of molecules without a conformer.

    A network that has none is returned as it is.
    """
    if not network.config.use_geometry:
        return network
    weights = {n: t for n, t in network.state_dict().items() if not n.startswith(_GROWN)}
    with torch.random.fork_rng(devices=[]):
        flat = network_of(network.config.model_copy(update={"use_geometry": False}))
    flat.load_state_dict(weights)
    flat = flat.to(next(network.parameters()).device)
    return flat.train(network.training)


def _silence(network: Network) -> None:
    modulate = network.get_submodule("fusion.modulate")
    assert isinstance(modulate, nn.Linear)
    nn.init.zeros_(modulate.weight)
