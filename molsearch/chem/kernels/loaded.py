"""Compiled loops, loaded with the import of this module where this machine has them compiled.

For the process that workers are copies of (`molsearch.work.nursery`).
"""

from __future__ import annotations

from molsearch.chem.block import prepare_block
from molsearch.chem.kernels.compiling import is_compiled
from molsearch.chem.kernels.pace import PACE
from molsearch.config import PrepareConfig
from molsearch.schema import Record

if is_compiled():
    prepare_block(
        [Record(1, "", 1, "", "CCCCCO")], PrepareConfig(n_conformers=0), (8, 8, 8), compiled=True
    )
    PACE.loaded = True
