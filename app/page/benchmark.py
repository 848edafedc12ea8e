"""Benchmarks: how far to trust a screen, on public targets and on one's own."""

from __future__ import annotations

from typing import Any

import streamlit as st

from molsearch.bench import results
from molsearch.bench.report import summary
from molsearch.bench.report.markdown import caption
from molsearch.errors import MolSearchError
from molsearch_app import access, jobs
from molsearch_app.components import addresses, bench_start, benchmarks, charts, progress, theme


def main() -> None:
    """Lay out the page."""
    theme.heading(
        "Benchmarks",
        "Known actives hidden among other molecules: how many does each method bring to the top? "
        "Every method ranks the same molecules for the same queries.",
    )
    run_id = addresses.asked("benchmark")
    job = progress.follow(run_id) if run_id else None
    if job is not None and st.session_state.get("bench-shown") != job.run_id:
        st.session_state["bench-shown"] = job.run_id
        st.session_state["bench-what"] = "Results"
    st.session_state.setdefault("bench-what", "Results")
    what = st.segmented_control(
        "What", ["Results", *bench_start.WAYS],
        key="bench-what", label_visibility="collapsed", required=True,
    )  # fmt: skip
    if what in bench_start.WAYS:
        bench_start.WAYS[str(what)]()
    else:
        shown(job)


def shown(job: jobs.AppRun | None) -> None:
    """Show a result file."""
    own = [one for one in jobs.recent("benchmark") if access.is_mine(one.folder)]
    files = benchmarks.files(own)
    if not files:
        theme.empty(
            "No results yet", "Test a drug class of the bundled example: it takes a minute."
        )
        return
    names = list(files)
    titles = {one.file(benchmarks.RESULT): one.title for one in own}
    mine = next((i for i, n in enumerate(names) if job and job.run_id[-6:] in n), 0)
    name = st.selectbox("Result", names, index=mine, key="bench-file")
    try:
        record = benchmarks.read(files[name])
    except MolSearchError as error:
        theme.problem(error)
        return
    st.caption(theme.unmarked(benchmarks.facts(record, titles.get(files[name]))))
    said = summary.warnings(record)
    if said:
        lines = "\n".join(f"- {theme.unmarked(sentence)}" for sentence in said)
        st.warning(f"**Read the figures with this in mind**\n\n{lines}")
    st.dataframe(
        benchmarks.overview(record),
        hide_index=True,
        height="content",
        alt="Means over targets",
        column_config={"Method": st.column_config.TextColumn(width="medium")},
    )
    st.caption(caption(record))
    if files[name] in titles:
        beside(record)
    if len(summary.complete(record)) == 1:
        st.caption("Well-known actives may be known to the encoder from training.")
    by_target(record)
    early(record)
    leakage(record)


def beside(record: dict[str, Any]) -> None:
    """Show what the committed results say of the same targets."""
    others = benchmarks.beside(record, committed())
    if others.empty:
        return
    st.subheader("Beside the committed results, on the same targets", anchor=False)
    st.dataframe(others, hide_index=True, height="content", alt="Committed results")
    st.caption("Figures compare where the setting is the same: queries, pools, limits.")


@st.cache_data(show_spinner="Reading the committed results …")
def committed() -> dict[str, dict[str, Any]]:
    """Read the result records that ship, once."""
    return benchmarks.committed()


def by_target(record: dict[str, Any]) -> None:
    """Compare methods with ECFP4 target by target."""
    values = results.table(record, "bedroc_80p5")
    names = benchmarks.ranked(record, values.columns)
    others = [name for name in names if name != summary.BASELINE]
    if summary.BASELINE not in values or not others:
        return
    st.subheader("Target by target", anchor=False)
    method = st.selectbox("Against ECFP4", others, key="bench-method")
    left, right = st.columns([3, 2], gap="large")
    left.altair_chart(
        charts.pairs(values, method, summary.BASELINE), width="stretch",
        alt=f"BEDROC of {method} against {summary.BASELINE}, a point a target",
    )  # fmt: skip
    table = values[[method, summary.BASELINE]].copy()
    # Without the last digits: a loss that rounds to none is no minus.
    table["difference"] = (table[method] - table[summary.BASELINE]).round(3) + 0.0
    right.dataframe(
        table.sort_values("difference", ascending=False).rename_axis("target"),
        column_config={
            name: st.column_config.NumberColumn(format="%.3f") for name in map(str, table)
        },
        height=420,
        alt="BEDROC by target",
    )


def early(record: dict[str, Any]) -> None:
    """Show ROC and enrichment, and the tiers by similarity."""
    roc = benchmarks.curves(record, "roc")
    if len(roc):
        st.subheader("Curves", anchor=False)
        left, right = st.columns(2, gap="large")
        left.altair_chart(
            charts.curves(roc, "False-positive rate", "Actives found"),
            width="stretch",
            alt="ROC curves",
        )
        right.altair_chart(
            charts.curves(
                benchmarks.curves(record, "enrichment"), "Share of the library", "Actives found"
            ),
            width="stretch",
            alt="Enrichment curves",
        )
    tiers = benchmarks.tiers(record)
    if len(tiers):
        st.subheader("By similarity", anchor=False)
        st.caption(
            "BEDROC(80.5) on the actives of each tier alone: those unlike the queries, or unlike "
            "anything in training, are what a screen is for."
        )
        st.dataframe(tiers, hide_index=True, height="content", alt="BEDROC by similarity")


def leakage(record: dict[str, Any]) -> None:
    """Show what the audit of the data found."""
    found = summary.leakage(record)
    data = found["data"]
    if not data["targets"]:
        return
    st.subheader("Audit of the data", anchor=False)
    theme.facts(
        [
            ("Actives", f"{data['n_actives']:,}"),
            ("Others", f"{data['n_inactives']:,}"),
            ("AUROC of simple properties alone", f"{data['property_auroc']:.2f}"),
            ("AVE bias", f"{data['ave_bias']:.2f}"),
            ("Actives with an analogue", f"{data['share_with_analogue']:.0%}"),
        ]
    )
    for name, training in found["trainings"].items():
        theme.facts(
            [
                (f"Training set {name}: actives in it", f"{training['actives_in_training']:,}"),
                ("queries in it", f"{training['queries_in_training']:,}"),
                ("targets in it", f"{training['targets_in_training']:,}"),
            ]
        )


main()
