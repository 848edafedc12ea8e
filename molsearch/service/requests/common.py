"""What requests have in common."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from molsearch.config import Molecule, Vector

VERSION: Literal[1] = 1
CPUS = os.cpu_count() or 1
# What stands for a ligand: a structure or a file as a user types it, a file, or a structure.
Ligand = str | Path | Molecule | Vector
