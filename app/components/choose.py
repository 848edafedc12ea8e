"""Choosing what to search with, what to search, and how: the widgets of the Screen page."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit_ketcher import st_ketcher

from molsearch.errors import MolSearchError
from molsearch.words import counted
from molsearch_app import keeping, places, remote, warm
from molsearch_app.components import library, parts, queries, theme, uploads
from molsearch_app.components.launch import LibraryChoice
from molsearch_app.components.queries import Draft

# Inactives of an uploaded table of what was measured: they join those that are pasted.
_FROM_TABLE = "inactives-from-table"
_HINT = "COc1cc2ncnc(Nc3ccc(F)c(Cl)c3)c2cc1OCCCN1CCOCC1 gefitinib\nInChI=1S/…"


def query_widgets() -> list[Draft]:
    """Let the user give queries in four ways; returns all drafts, good and bad."""
    st.session_state[_FROM_TABLE] = []
    way = st.segmented_control(
        "How",
        ["Paste", "Draw", "Upload", "Examples"],
        default="Paste",
        key="query-way",
        label_visibility="collapsed",
        required=True,
    )
    return {"Draw": _draw, "Upload": _upload, "Examples": _examples}.get(str(way), _paste)()


def _paste() -> list[Draft]:
    text = st.text_area(
        "SMILES or InChI, one a line; a name may follow",
        key="query-text",
        placeholder=_HINT,
        height=132,
        max_chars=100_000,
    )
    return queries.parse_text(text or "")


def _draw() -> list[Draft]:
    st.caption("Draw, then press **Apply**. Several molecules on the sheet are several queries.")
    with st.container(key="sketcher-dark" if theme.is_dark() else "sketcher"):
        smiles = st_ketcher(height=460, key="sketch")
    parts = [part for part in (smiles or "").split(".") if part]
    lines = [f"{part} drawn {number}" for number, part in enumerate(parts, start=1)]
    return queries.parse_text("\n".join(lines))


def _upload() -> list[Draft]:
    given = st.file_uploader(
        f"Known actives: {uploads.USUAL}",
        type=uploads.TYPES,
        key="query-file",
        max_upload_size=20,
    )
    if given is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = queries.parse_file(uploads.store(given, given.name, Path(folder)))
        except MolSearchError as error:
            theme.problem(str(error).replace(folder + "/", ""))
            return []
    for note in found.notes:
        st.info(note, icon=":material/table:")
    st.session_state[_FROM_TABLE] = found.inactives
    return found.drafts


def _examples() -> list[Draft]:
    found = queries.examples()
    if not found:
        st.info("The bundled example is part of the source tree and is not here.")
        return []
    names = [draft.name for draft in found]
    chosen = st.pills(
        "Well-known drugs; their class is what a good screen brings to the top",
        names,
        selection_mode="multi",
        default=names[:1],
        wrap=True,
        key="query-examples",
    )
    return [draft for draft in found if draft.name in chosen]


def show_drafts(drafts: Sequence[queries.Draft]) -> None:
    """Draw what was given, and count what cannot be read."""
    if drafts:
        st.html(queries.chips(drafts))
    if bad := sum(bool(draft.error) for draft in drafts):
        st.warning(
            f"{bad} of {len(drafts)} cannot be read and would be left out.",
            icon=":material/warning:",
        )


def inactive_widgets() -> list[Draft]:
    """Let the user give molecules that were measured and found inactive."""
    with st.expander("Known inactives", icon=":material/block:"):
        text = st.text_area(
            "SMILES or InChI, one a line; each hit is also scored against the nearest of them",
            key="inactive-text", height=90, max_chars=100_000,
        )  # fmt: skip
        drafts = queries.parse_text(text or "")
        show_drafts(drafts)
        st.slider(
            "How far being near to one of them pushes a hit down", 0.0, 2.0, 0.0, 0.1,
            key="opt-inactives-weight",
            help="0: as the ranking counts them (by default a series model, from five queries "
            "on). At w the whole library is ranked by its score less w × the cosine to "
            "the nearest inactive.",
        )  # fmt: skip
    return queries.good([*drafts, *st.session_state.get(_FROM_TABLE, [])])


def library_widgets() -> LibraryChoice | None:
    """Let the user choose what is searched; None where nothing can be."""
    if remote.address():
        return _of_server()
    asked = st.query_params.get("index", "")
    st.session_state.setdefault("library-way", "Bundled example")
    if asked and st.session_state.get("index-asked") != asked:
        st.session_state["index-asked"] = asked
        st.session_state["library-way"] = "An index"
        st.session_state.pop("library-index", None)
    way = st.segmented_control(
        "Library",
        ["Bundled example", "An index", "Upload"],
        key="library-way",
        label_visibility="collapsed",
        required=True,
    )
    try:
        return {"An index": _index, "Upload": _library_upload}.get(str(way), _bundled)()
    except MolSearchError as error:
        theme.problem(error)
        return None


def _of_server() -> LibraryChoice | None:
    """Let the user choose a library of the server that screens for this application."""
    try:
        found = [one for one in served(remote.address()) if one["searchable"]]
    except remote.ServerError as error:
        theme.problem(str(error))
        return None
    if not found:
        st.info("The server that screens for this application has no library that it can search.")
        return None
    chosen = st.selectbox(
        "Library of the server", range(len(found)), key="library-served",
        format_func=lambda n: (
            f"{found[n]['name']} · {counted(found[n]['n_molecules'], 'molecule')}"
        ),
    )  # fmt: skip
    name = str(found[chosen]["name"])
    return LibraryChoice("server", Path(name), name)


@st.cache_data(ttl=30, show_spinner="Asking the server …")
def served(address: str) -> list[dict[str, Any]]:
    """Libraries of the server at an address."""
    return list(remote.ask("/v1/libraries")["libraries"])


def _bundled() -> LibraryChoice | None:
    path = places.example("library.csv")
    if not path.is_file():
        st.info("The bundled example is part of the source tree and is not here.")
        return None
    st.caption(
        "Known drugs by class, and molecules enumerated from building blocks. "
        "Its first screen prepares and indexes it, which takes a minute; later ones find it done."
    )
    return LibraryChoice("files", path, "bundled example")


def _index() -> LibraryChoice | None:
    found, _ = library.found()
    if not found:
        st.info(
            "No index yet. Screen the bundled example, upload a library, or make one with "
            "`molsearch index LIBRARY -o runs/my.index`."
        )
        return None
    asked = st.query_params.get("index", "")
    first = next((i for i, one in enumerate(found) if str(one.path) == asked), 0)
    chosen = st.selectbox(
        "Index", range(len(found)), index=first, format_func=lambda number: found[number].label,
        key="library-index",
    )  # fmt: skip
    one = found[chosen]
    path = places.inside(one.path)
    encoder = st.session_state.get("opt-encoder", "bundled")
    # While the user is at the queries, the index is opened.
    warm.prepare(path, None if encoder == "bundled" else str(places.inside(encoder)))
    return LibraryChoice("index", path, one.name)


def _library_upload() -> LibraryChoice | None:
    given = st.file_uploader(
        f"Your molecules: {uploads.USUAL}, up to 500 MiB",
        type=uploads.TYPES,
        key="library-file",
    )
    if given is None:
        return None
    path = keep_upload(given.file_id, given.name, given)
    seen = uploads.look(path)
    told = (
        f"{counted(seen.n_read, 'record')} looked at"
        + (f", {seen.n_bad} without a structure ({seen.first_error})" if seen.n_bad else "")
        + (f"; columns kept: {_listed(seen.columns)}" if seen.columns else "")
        + ". It is prepared and indexed first, with progress and a table of failures."
    )
    st.caption(theme.unmarked(told))
    return LibraryChoice("upload", path, uploads.safe_name(given.name))


def _listed(names: Sequence[str], most: int = 8) -> str:
    """Name columns, the first of many and the beginning of long ones."""
    short = [name if len(name) <= 40 else f"{name[:39]}…" for name in names[:most]]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(short) + more


def keep_upload(file_id: str, name: str, handle: object) -> Path:
    """Store an upload once a session, in a folder that only this session knows."""
    kept: dict[str, str] = st.session_state.setdefault("uploads", {})
    if file_id not in kept or not Path(kept[file_id]).is_file():
        keeping.room_for_upload()
        places.runs_root().mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=uploads.WAITING, dir=places.runs_root()))
        kept[file_id] = str(uploads.store(handle, name, folder))  # type: ignore[arg-type]
    return Path(kept[file_id])


def option_widgets(n_queries: int, chosen: LibraryChoice | None = None) -> dict[str, Any]:
    """Let the user change the options of a screen: fields of a `ScreenRequest`.

    Parameters
    ----------
    chosen
        The library, of which some can be searched approximately.
    """
    k = st.number_input("Hits", 1, 100_000, 1000, 100, key="opt-k")
    rank, fusion = parts.choose(n_queries)
    left, right = st.columns(2, vertical_alignment="bottom")
    unique = left.selectbox(
        "Keep one hit of each",
        ["none", "parent", "skeleton", "scaffold"],
        format_func={
            "none": "record (keep all)",
            "parent": "parent (salts collapse)",
            "skeleton": "skeleton (stereoisomers collapse)",
            "scaffold": "scaffold",
        }.__getitem__,
        key="opt-unique",
    )
    encoder = "bundled"
    if not remote.address():  # a server knows by which encoder its libraries were made
        encoder = right.selectbox(
            "Encoder",
            ["bundled", *map(str, encoders())],
            key="opt-encoder",
            format_func=encoder_name,
        )
    # A row of their own each: a toggle's label is cut where it does not fit.
    no_alerts = st.toggle("Leave out structural alerts (PAINS, Brenk)", key="opt-alerts")
    drop = st.toggle("Leave out the queries themselves", key="opt-drop")
    left, right = st.columns(2, vertical_alignment="bottom")
    include = left.text_input("Every hit contains (SMARTS)", key="opt-include", max_chars=500)
    exclude = right.text_input("No hit contains (SMARTS)", key="opt-exclude", max_chars=500)
    where = st.text_input(
        "Conditions, on your own columns too",
        key="opt-where",
        max_chars=2000,
        placeholder='mw<500, ecfp4_similarity<0.4, "list price"<90, vendor=Acme',
    )
    return {
        "k": int(k),
        "rank": rank,
        "recall": _recall(chosen),
        "fusion": fusion,
        "unique": unique,
        "keep_query": not drop,
        "exclude_alerts": no_alerts,
        "include_smarts": _one(include),
        "exclude_smarts": _one(exclude),
        "where": _one(where),
        "encoder": None if encoder == "bundled" else str(places.inside(encoder)),
        "inactives_weight": float(st.session_state.get("opt-inactives-weight", 0.0)) or None,
    }


def _recall(chosen: LibraryChoice | None) -> float | None:
    """Let the user search approximately where the index was made ready for it; None: exactly."""
    if chosen is None or chosen.kind != "index" or not library.has_lists(chosen.path):
        return None
    return st.selectbox(
        "Search",
        [None, 0.99, 0.95, 0.9],
        format_func=lambda part: "exactly" if part is None else f"for {part:.0%} of the exact hits",
        help="Approximate search looks at a part of the library; how much of an exact search's "
        "hits it finds was measured on this index, and is said with the result.",
        key="opt-recall",
    )


def _one(text: str) -> tuple[str, ...]:
    return (text.strip(),) if text.strip() else ()


def encoders() -> list[Path]:
    """List encoder folders below the allowed roots (made by ``molsearch train``)."""
    return [
        card.parent
        for root in places.roots()
        if root.is_dir()
        for pattern in ("*/card.json", "*/*/card.json")
        for card in sorted(root.glob(pattern))
        if (card.parent / "encoder.safetensors").is_file() and library.is_ours(card.parent)
    ]


def encoder_name(path: str) -> str:
    """Name an encoder folder by what its card says and where it lies."""
    if path == "bundled":
        return path
    folder = Path(path)
    try:
        name = json.loads((folder / "card.json").read_text()).get("name")
    except (OSError, ValueError, AttributeError):
        name = None
    return f"{name or folder.name} ({folder.parent.name})"
