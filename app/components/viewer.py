"""The 3D viewer: 3Dmol.js in a component of ours, everything served from this folder."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import streamlit as st
import streamlit.components.v1 as components

from molsearch.chem.overlay import Overlay, overlay
from molsearch.errors import InputError
from molsearch_app.components import theme
from molsearch_app.guard import CHEMISTRY, TooLongError

SECONDS = 60.0
_FOLDER = Path(__file__).resolve().parents[1] / "static" / "viewer"


@cache
def _view() -> Any:
    """Declare the component on first use: a server that only imports this has no registry yet."""
    return components.declare_component("molsearch_overlay", path=str(_FOLDER))


@st.cache_data(max_entries=500, show_spinner=False)
def aligned(query: str, hit: str, name: str) -> Overlay | str:
    """Overlay of a hit on a query, or the reason why there is none."""
    try:
        return CHEMISTRY.run(partial(overlay, query, hit, hit_name=name), seconds=SECONDS)
    except InputError as error:
        return str(error)


def show(query: str, hit: str, name: str, *, height: int = 360) -> None:
    """Show a hit laid over its query, with the two similarities that the overlay reaches."""
    with st.spinner("Aligning in 3D …"):
        try:
            found = aligned(query, hit, name)
        except TooLongError as error:  # not kept: the next time it may be in time
            found = str(error)
    if isinstance(found, str):
        st.info(theme.unmarked(found))
        return
    _view()(
        query=found.query_block, hit=found.hit_block, height=height, name=name,
        key="overlay-viewer", default=None,
    )  # fmt: skip
    st.caption(
        f"Shape Tanimoto {found.shape:.2f} · colour (pharmacophore) Tanimoto {found.colour:.2f}. "
        "The best of several conformers and starting poses; a plausible pose, not a measured one."
    )
