from __future__ import annotations

import sys
from pathlib import Path

# The scripts import one another by plain names, as they do when they are run.
sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
