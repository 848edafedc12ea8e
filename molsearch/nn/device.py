"""Where tensors live."""

from __future__ import annotations

import torch

from molsearch.errors import UsageError


def resolve_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``cuda:n`` into a device that exists.

    Flushes denormal numbers to zero from here on: the distance shells underflow far from their
    centres, and products of such numbers take Intel processors ten times as long.

    Raises
    ------
    UsageError
        If the name is no device, or asks for a CUDA device that this machine lacks.
    """
    torch.set_flush_denormal(True)
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"--device {name}: no such device; use auto, cpu or cuda:0") from None
    if device.type not in ("cpu", "cuda"):
        raise UsageError(f"--device {name}: only cpu and cuda are supported")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"--device {name}: {torch.cuda.device_count()} CUDA devices here; use --device cpu"
        )
    return device
