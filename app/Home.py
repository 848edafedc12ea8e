"""Entry of the application: what all pages share, and the pages."""

from __future__ import annotations

import sys
from pathlib import Path

_TREE = Path(__file__).resolve().parents[1]
if str(_TREE) not in sys.path:  # `streamlit run app/Home.py` knows its own folder only
    sys.path.insert(0, str(_TREE))

import streamlit as st  # noqa: E402

from molsearch_app.components import theme, uploads  # noqa: E402

st.set_page_config(page_title="molsearch", page_icon=theme.ICON, layout="wide")
theme.style()
uploads.forget_taken(st.session_state.get("uploads", {}))

# Not "pages": Streamlit would serve a folder of that name by its own rules, without this file,
# to whoever opens a run's address before anybody has opened the first page.
_PAGES = Path(__file__).resolve().parent / "page"
page = st.navigation(
    [
        st.Page(_PAGES / "screen.py", title="Screen", icon=":material/search:", default=True),
        st.Page(_PAGES / "results.py", title="Results", icon=":material/format_list_numbered:"),
        st.Page(_PAGES / "runs.py", title="Runs", icon=":material/folder:"),
        st.Page(_PAGES / "library.py", title="Libraries", icon=":material/inventory_2:"),
        st.Page(_PAGES / "benchmark.py", title="Benchmarks", icon=":material/monitoring:"),
        st.Page(_PAGES / "model.py", title="Encoder", icon=":material/hub:"),
    ],
    position="top",
)
page.run()
theme.footer()
