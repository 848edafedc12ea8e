from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import molsearch_app
from molsearch.chem.draw import PALETTE
from molsearch_app.components import drawing

CONFIG = Path(molsearch_app.__file__).parent / ".streamlit" / "config.toml"
EVERY = "NCC(=O)Oc1c(F)c(Cl)c(Br)c(I)c1S(=O)(=O)NP(C)C"


def light(colour):
    """Relative luminance (WCAG)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    line = [v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), line, strict=True))


def contrast(one, other):
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_labels_of_all_elements_can_be_read_on_pages_and_panels(scheme):
    theme = tomllib.loads(CONFIG.read_text())["theme"][scheme]
    drawn = drawing.image(EVERY, dark=scheme == "dark")
    colours = {one.lower() for one in re.findall(r"#[0-9a-fA-F]{6}", drawn)}
    assert len(colours) >= len(set(PALETTE.values()))
    for colour in colours:
        for ground in ("backgroundColor", "secondaryBackgroundColor"):
            assert contrast(colour, theme[ground]) >= 4.5, (colour, ground)
