"""Settings of every test: one numeric thread a process, since processes share the cores."""

from __future__ import annotations

import os

# Before numpy and torch are imported: two test processes with two threads each would spend
# their time waiting for one another at barriers. Subprocesses of tests inherit this.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
