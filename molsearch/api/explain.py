"""`explain`: why hits stand where they do; also ``hits.explain()`` of a hit list."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from molsearch import schema
from molsearch.api.encoders import load_encoder
from molsearch.api.given import Ligand, ligands_of
from molsearch.api.unused import counts
from molsearch.config import Molecule
from molsearch.errors import InputError, UsageError
from molsearch.scoring.ranking import INACTIVES
from molsearch.search.queries import is_file
from molsearch.service.requests import ExplainRequest, validated
from molsearch.service.session import Session

if TYPE_CHECKING:
    from molsearch.nn.encoder import Encoder
    from molsearch.service.screen import Screened

#: Where a hit list keeps what it was searched with: ``frame.attrs[ORIGIN]``.
ORIGIN = "molsearch"


def explain(
    hits: Any,
    queries: Any = (),
    *,
    inactives: Any = (),
    encoder: Encoder | str | Path | None = None,
    k: int = 100,
    output: str | Path | None = None,
    html: str | Path | None = None,
    svg: str | Path | None = None,
    overwrite: bool = False,
    device: str = "auto",
    **options: Any,
) -> pd.DataFrame:
    """Say why hits stand where they do: atoms, common parts, and what each query says.

    Parameters
    ----------
    hits
        A hit list of `Index.search`, the file of one, the folder of a run; or structures.
    queries
        SMILES (optionally followed by a name), InChI, files, RDKit molecules or a DataFrame;
        those that the hit list was searched with where none are given.
    inactives
        Known inactives beside queries of your own, in the same forms.
    encoder
        That which ranked, an encoder, its folder or name; by default the one that made the hit
        list, if it is a bundled one.
    k
        The first so many hits are explained.
    output, html, svg
        Also write a table (.csv, .tsv, .parquet), a page, a folder of drawings.
    options
        Further fields of `molsearch.service.requests.ExplainRequest`: ``rank``, ``index``,
        ``common_seconds``, ``excel_safe``.

    Returns
    -------
    pandas.DataFrame
        One row a hit: its own columns, then query_smiles, explained_score (what ranks, over all
        queries and known inactives) and the ``score_part:`` of each component, which add up to
        it, query_score (for the nearest query alone), cosine, best_part and worst_part (ring
        systems or chains, with what they contribute), atom_contributions and
        query_atom_contributions (in the order of the atoms of parent_smiles and query_smiles,
        separated by spaces), common_smarts, common_atoms, common_complete (false where the time
        limit cut the search); with several queries also n_queries_for, queries_against and
        ``score_for:`` each query.

    Raises
    ------
    InputError
        A structure or file cannot be read, or the queries are not known.
    UsageError
        The ranking cannot be explained: it holds an encoder that looks at geometry, for instance.
    EncoderMismatchError
        The hit list was made by another encoder.

    Examples
    --------
    >>> hits = index.search("c1ccccc1C(=O)N", k=50)             # doctest: +SKIP
    >>> hits.explain(html="reasons.html")                       # doctest: +SKIP
    >>> explain("Oc1ccccc1C(=O)N", "c1ccccc1C(=O)N")            # doctest: +SKIP
    """
    from molsearch.service.explain import explain as run

    origin: dict[str, Any] = {}
    asked = ligands_of(queries)
    if isinstance(hits, pd.DataFrame):
        named, origin = _of_frame(hits.head(k), bool(asked))
    else:
        named = _of_paths(ligands_of(hits), bool(asked))
    if origin and not asked:
        options.setdefault("rank", origin["expression"])
    own = encoder if encoder is not None and not isinstance(encoder, str | Path) else None
    request = validated(
        ExplainRequest,
        {
            "queries": asked or tuple(origin.get("queries", ())),
            "inactives": ligands_of(inactives) if asked else tuple(origin.get("inactives", ())),
            "encoder": None if encoder is None or own is not None else str(encoder),
            "k": k,
            "device": device,
            "overwrite": overwrite,
            **{
                name: None if path is None else str(path)
                for name, path in (("output", output), ("html", html), ("svg", svg))
            },
            **named,
            **options,
        },
    )
    if own is None and encoder is None and origin.get("encoder"):
        own = _made_by(str(origin["encoder"]), device)
    done = run(request, Session(), encoder=own)
    for line in done.account["warnings"]:
        warnings.warn(line, stacklevel=2)
    if not isinstance(hits, pd.DataFrame):
        return done.frame
    if done.account["n_failed"]:
        raise InputError(done.account["warnings"][0])
    fresh = done.frame.set_index(hits.head(k).index)
    new = [name for name in fresh.columns if name not in hits.columns]
    return pd.concat([hits.head(k), fresh[new]], axis=1)


def with_origin(frame: pd.DataFrame, done: Screened) -> pd.DataFrame:
    """Return a screen's hit list that remembers what it was searched with, for `explain`."""
    hits = done.hits
    frame.attrs[ORIGIN] = {
        "queries": [
            {"smiles": query.first.parent_smiles, "id": query.query_id}
            for query in hits.queries
            if query.has_structure
        ],
        "expression": _expression(done),
        "inactives": _inactives_that_count(done),
        "encoder": hits.reader.identity,
        "library": counts(hits.reader),
    }
    return frame


def _expression(done: Screened) -> str:
    """Tell what ranked, with the weight of inactives that was given beside it."""
    expression = str(done.hits.ranking.expression)
    asked: float | None = done.account["config"]["inactives_weight"]
    if done.hits.ranking.of_inactives is not None or not asked:
        return expression
    return f"{expression}+{asked:.12g}*{INACTIVES}"


def _inactives_that_count(done: Screened) -> list[dict[str, str]]:
    counts = INACTIVES in _expression(done) or done.hits.ranking.of_inactives is not None
    if not counts or done.hits.inactives is None:
        return []
    return [
        {"smiles": one.first.parent_smiles, "id": one.query_id}
        for one in done.hits.inactives.molecules
    ]


@pd.api.extensions.register_dataframe_accessor("explain")
class _Explain:
    """``hits.explain(...)``: `explain` of a hit list, with the same options."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    def __call__(self, queries: Any = (), **options: Any) -> pd.DataFrame:
        return explain(self._frame, queries, **options)


def _of_frame(hits: pd.DataFrame, has_queries: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take the structures of a hit list, and what it remembers of its screen."""
    name = next((one for one in (schema.PARENT_SMILES, schema.SMILES) if one in hits), None)
    if name is None:
        raise InputError(
            f"this table has no column {schema.PARENT_SMILES!r} or {schema.SMILES!r}; pass a hit "
            "list of Index.search, or structures"
        )
    if hits.empty:
        raise InputError("the hit list is empty: there is nothing to explain")
    origin = hits.attrs.get(ORIGIN, {})
    if not origin and not has_queries:
        raise InputError("this table does not say what it was searched with; pass queries=...")
    ids = hits[schema.MOLECULE_ID] if schema.MOLECULE_ID in hits else hits[name]
    molecules = [
        Molecule(smiles=str(smiles), id=str(one))
        for smiles, one in zip(hits[name], ids, strict=True)
    ]
    return {"molecules": molecules}, origin


def _of_paths(given: list[Ligand], has_queries: bool) -> dict[str, Any]:
    """Tell a hit list from structures."""
    one = given[0] if len(given) == 1 else None
    if isinstance(one, Path) or (isinstance(one, str) and (not has_queries or is_file(one))):
        return {"hits": str(one)}
    return {"molecules": given}


def _made_by(identity: str, device: str) -> Encoder:
    from molsearch.nn.bundled import bundled_of

    name = bundled_of(identity)
    if name is None:
        raise UsageError(
            f"this hit list was made by encoder {identity[:12]}, which is none of the bundled "
            "ones; pass it, or its folder: encoder=..."
        )
    return load_encoder(name, device=device)
