"""`Hits`: a hit list that is a DataFrame, and draws itself in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rdkit import Chem

from molsearch import schema
from molsearch.chem.draw import svg
from molsearch.errors import InputError, UsageError
from molsearch.view.hit import badges, fixed, records, structure_of, title_of
from molsearch.words import counted

_SHOWN = 12
_SIZE = (220, 150)


class Hits(pd.DataFrame):
    """A hit list: one row a hit, best first; what pandas does with it stays one.

    Attributes
    ----------
    query_smiles
        Parents of the queries by their ids, in whose orientation hits are drawn.

    Examples
    --------
    >>> hits.head(20).view(columns=5)                                    # doctest: +SKIP
    >>> hits[hits.ecfp4_similarity < 0.35].to_csv("new.csv")             # doctest: +SKIP
    """

    query_smiles: dict[str, str]
    _metadata = ["query_smiles"]  # noqa: RUF012 - what pandas carries from table to table

    @property
    def _constructor(self) -> type[Hits]:
        return Hits

    def view(self, n: int = _SHOWN, columns: int = 4) -> Grid:
        """Draw the first `n` hits as a grid.

        Raises
        ------
        UsageError
            There are no structures among the columns.
        """
        if schema.SMILES not in self.columns and schema.PARENT_SMILES not in self.columns:
            raise UsageError("no column of structures is left here; view the whole hit list")
        return Grid(pd.DataFrame(self).head(n), self._queries(), len(self), columns)

    def mols(self) -> list[Chem.Mol]:
        """RDKit molecules of the hits' parents, with their ids as titles and scores as properties.

        Raises
        ------
        UsageError
            There are no structures among the columns.
        """
        made = []
        for hit in records(pd.DataFrame(self)):
            structure = structure_of(hit)
            if not structure:
                raise UsageError("no column of structures is left here; take the whole hit list")
            molecule = Chem.MolFromSmiles(structure)
            if molecule is None:  # RDKit wrote it; a structure of the user's may be odd
                molecule = Chem.MolFromSmiles(str(hit.get(schema.SMILES, "")), sanitize=False)
            molecule.SetProp("_Name", str(hit.get(schema.MOLECULE_ID, "")))
            for name in (schema.SCORE, schema.ECFP4_SIMILARITY):
                if name in hit:
                    molecule.SetDoubleProp(name, float(hit[name]))
            made.append(molecule)
        return made

    def _queries(self) -> dict[str, str]:
        return getattr(self, "query_smiles", None) or {}

    def _repr_html_(self) -> str | None:
        """Draw the best hits where there are structures; else the table that pandas shows."""
        drawable = {schema.RANK, schema.PARENT_SMILES} <= {*map(str, self.columns)}
        if not drawable or not len(self):
            return pd.DataFrame(self)._repr_html_()  # type: ignore[operator]
        return self.view()._repr_html_()


@dataclass(frozen=True)
class Grid:
    """Hits as drawings side by side."""

    frame: pd.DataFrame
    queries: Mapping[str, str]
    n: int
    columns: int

    def _repr_html_(self) -> str:
        cells = "".join(_cell(hit, self.queries) for hit in records(self.frame))
        style = f"display:grid;grid-template-columns:repeat({self.columns},minmax(0,1fr));gap:8px"
        shown = f"the first {len(self.frame):,} of " if len(self.frame) < self.n else ""
        foot = f"<div style='opacity:.7'>{shown}{counted(self.n, 'hit')}</div>"
        return f"<div style='{style}'>{cells}</div>{foot}"


def _cell(hit: Mapping[str, Any], queries: Mapping[str, str]) -> str:
    """Draw one hit; everything of the user's is escaped."""
    name, identity = title_of(hit)
    words = [f"score {fixed(hit.get(schema.SCORE), 3)}"]
    words.append(f"ECFP4 {fixed(hit.get(schema.ECFP4_SIMILARITY), 2)}")
    marks = " ".join(
        f"<span title='{html.escape(one.title, quote=True)}' style='border:1px solid;"
        f"border-radius:1em;padding:0 .4em;opacity:.8'>{html.escape(one.text)}</span>"
        for one in badges(hit)
    )
    template = queries.get(str(hit.get(schema.QUERY_ID)))
    return (
        "<div style='border:1px solid #8884;border-radius:6px;padding:6px;font-size:.8em'>"
        f"<b title='{html.escape(identity or name, quote=True)}'>{hit.get(schema.RANK, '')} · "
        f"{html.escape(name)}</b>{_drawn(structure_of(hit), template)}"
        f"<div>{' · '.join(words)}</div><div>{marks}</div></div>"
    )


def _drawn(smiles: str, template: str | None) -> str:
    try:
        return svg(smiles, _SIZE, align_to=template)
    except InputError:
        return f"<div>not drawn: {html.escape(smiles[:120])}</div>"
