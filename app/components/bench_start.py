"""Starting a benchmark: on public data, on a drug class, on one's own molecules."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from molsearch.bench.benchmarks.at_hand import TITLES, AtHand, at_hand, seconds
from molsearch.errors import MolSearchError
from molsearch.words import counted
from molsearch_app import jobs, keeping
from molsearch_app.components import benchmarks, choose, theme, uploads
from molsearch_app.components.begin import began

_DRAWN = {"limit_actives": 40, "limit_decoys": 2000}
_ALL, _SOME = "all", "at most 40 actives and 2,000 others a target, drawn"


def public() -> None:
    """Run a public benchmark whose files are at hand."""
    name = st.segmented_control(
        "Benchmark", list(TITLES), default="dude", format_func=TITLES.__getitem__,
        key="bench-public", required=True,
    )  # fmt: skip
    found = look(str(name), os.environ.get("MOLSEARCH_DATA", ""))
    if found.absent:
        # The reason itself names folders of the server and options of the command line.
        st.info(
            f"{found.title} is not here: its files belong into a folder `{name}` of the one that "
            f"`MOLSEARCH_DATA` names where the application is started; `datasets/{name}.md` says "
            "how to obtain them."
        )
        return
    every = st.toggle(f"All {counted(len(found.targets), 'target')}", key="bench-every")
    targets = found.targets if every else st.multiselect(
        "Targets", found.targets, default=found.targets[:5], key=f"bench-targets-{name}"
    )  # fmt: skip
    drawn = st.segmented_control(
        "Molecules", [_SOME, _ALL], default=_SOME, key="bench-molecules", required=True
    )
    limits: dict[str, Any] = _DRAWN if drawn == _SOME else {"full": True}
    methods = _methods()
    audit = st.toggle(
        "Compare with the training set", value=True, key="bench-audit",
        help="Says which actives the encoder has seen, where the training data are at hand too. "
        "The first time this takes some minutes more.",
    )  # fmt: skip
    st.caption(estimate(found, targets, methods, drawn=drawn == _SOME))
    if st.button("Run", type="primary", icon=":material/play_arrow:", key="public-go"):
        asked = {"benchmark": name, "targets": targets, "methods": methods, **limits}
        if not audit:
            asked["trainings"] = ()
        n = counted(len(targets), "target")
        _begin(f"{found.title}, {n}", lambda run_id, title, folder: benchmarks.start_public(
            run_id, title, folder, asked))  # fmt: skip


@st.cache_data(max_entries=16, show_spinner="Looking at the data …")
def look(name: str, data: str) -> AtHand:
    """Look for a benchmark in the folder of all data, once for each such folder."""
    return at_hand(name)


def estimate(found: AtHand, targets: list[str], methods: list[str], *, drawn: bool) -> str:
    """Say how many molecules there are and about how long they take."""
    chosen = found.counts[found.counts["target"].astype(str).isin(targets)]
    limits = _DRAWN if drawn else {}
    took = seconds(chosen, methods, workers=1, **limits)
    minutes = counted(max(1, round(took / 60)), "minute")
    words = f"{took / 3600:.1f} hours" if took > 5400 else minutes
    n_actives = int(chosen["actives"].clip(upper=limits.get("limit_actives")).sum())
    n_others = int(chosen["inactives"].clip(upper=limits.get("limit_decoys")).sum())
    return (
        f"{counted(n_actives, 'active')} and {counted(n_others, 'other')} in all. Very roughly "
        f"{words} on one core; once the first target is done, the run says better. It goes on "
        "without this page, and where it was stopped, it goes on from there."
    )


def drug_class() -> None:
    """Hide the drugs of a class in the bundled example and look for them."""
    classes = benchmarks.classes()
    if not classes:
        st.info("The bundled example is part of the source tree and is not here.")
        return
    name = st.selectbox(
        "Drug class", list(classes),
        format_func=lambda one: f"{one} ({counted(classes[one], 'drug')})",
        key="bench-class",
    )  # fmt: skip
    st.caption("Five of its drugs are the queries, each alone; the others are to be found.")
    methods = _methods()
    if st.button("Run", type="primary", icon=":material/play_arrow:", key="class-go"):

        def begin(run_id: str, title: str, folder: Path) -> jobs.AppRun:
            benchmarks.write_class(name, folder / "benchmark")
            return benchmarks.start(run_id, title, folder / "benchmark", methods)

        _begin(f"{name} in the bundled example", begin)


def own_molecules() -> None:
    """Test the encoder on the user's own actives and inactives."""
    st.caption(
        "Bring molecules with known activity on your target. If the encoder does not tell them "
        "apart, do not trust a screen with it; ECFP4 on the same molecules is beside it."
    )
    left, right = st.columns(2)
    given = {
        "actives": left.file_uploader("Actives", type=uploads.TYPES, key="bench-actives"),
        "inactives": right.file_uploader("Inactives", type=uploads.TYPES, key="bench-inactives"),
    }
    methods = _methods()
    ready = all(given.values())
    if st.button("Run", type="primary", icon=":material/play_arrow:", key="own-go",
                 disabled=not ready, help=None if ready else "Bring both files."):  # fmt: skip
        try:
            kept = {
                stem: choose.keep_upload(file.file_id, file.name, file)
                for stem, file in given.items()
                if file is not None
            }
            for path in kept.values():
                uploads.look(path)
        except MolSearchError as error:
            theme.problem(error)
            return

        def begin(run_id: str, title: str, folder: Path) -> jobs.AppRun:
            for stem, path in kept.items():
                benchmarks.place_upload(path, stem, folder / "benchmark")
            return benchmarks.start(run_id, title, folder / "benchmark", methods)

        _begin("my molecules", begin)


def _methods() -> list[str]:
    return st.multiselect(
        "Methods", list(benchmarks.METHODS), default=["ecfp4", "molsearch"],
        format_func=benchmarks.METHODS.__getitem__, key="bench-methods",
    )  # fmt: skip


def _begin(title: str, start: Callable[[str, str, Path], jobs.AppRun]) -> None:
    """Make a run, start it and open it; or say why there is none."""
    began(lambda: start(*_new(title)))


def _new(title: str) -> tuple[str, str, Path]:
    run_id, folder = keeping.new_run("benchmark")
    return run_id, title, folder


WAYS: dict[str, Callable[[], None]] = {
    "Run a public benchmark": public,
    "Test a drug class": drug_class,
    "Test on my own molecules": own_molecules,
}
