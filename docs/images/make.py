"""Take the README's picture from the demo's page: ``make demo`` first, and have a Chromium.

Usage: ``python docs/images/make.py [page]``, the page being ``demo/sitagliptin.html`` by default.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MAX_BYTES = 300_000
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--hide-scrollbars",
)  # fmt: skip


def picture(page: Path, out: Path, *, width: int = 1360, height: int = 1010) -> None:
    """Write a screenshot of the top of `page` to `out`, a PNG."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("no Chromium found; install one")
    with tempfile.TemporaryDirectory() as profile:
        options = (f"--user-data-dir={profile}", f"--window-size={width},{height}")
        subprocess.run(
            [browser, *_QUIET, *options, f"--screenshot={out}", page.resolve().as_uri()],
            check=True,
            capture_output=True,
            timeout=600,
        )
    if out.stat().st_size > MAX_BYTES:
        raise SystemExit(f"{out} has {out.stat().st_size:,} bytes, more than {MAX_BYTES:,}")


if __name__ == "__main__":
    default = HERE.parents[1] / "demo" / "sitagliptin.html"
    picture(Path(sys.argv[1]) if len(sys.argv) > 1 else default, HERE / "hits.png")
