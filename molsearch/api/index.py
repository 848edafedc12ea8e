"""`Index`: an embedded library that can be searched."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import pyarrow as pa
from numpy.typing import ArrayLike

from molsearch.api.arguments import config_of, cpus
from molsearch.api.batch import each_query, shown
from molsearch.api.clusters import clusters_of
from molsearch.api.encoders import embedder_of
from molsearch.api.explain import with_origin
from molsearch.api.given import ligands_of, vectors_of
from molsearch.api.growing import Growing
from molsearch.api.hits import Hits
from molsearch.api.library import Library
from molsearch.api.progress import Told, telling
from molsearch.api.tables import library_of
from molsearch.api.unused import warn_of_unused
from molsearch.chem.facts import fact_names
from molsearch.config import Molecule, PrepareConfig
from molsearch.errors import UsageError
from molsearch.index.embedder import Embedder
from molsearch.index.fill import fill_facts
from molsearch.index.reader import open_index
from molsearch.index.verify import verify_index
from molsearch.search.screen import Stopwatch
from molsearch.service.far_index import here
from molsearch.service.geometry import settled
from molsearch.service.index import index
from molsearch.service.making import Source, kept_index
from molsearch.service.requests import (
    IndexRequest,
    ScreenRequest,
    validated,
)
from molsearch.service.screen import check, screen
from molsearch.service.session import Session
from molsearch.words import counted


class Index(Growing):
    """An embedded library, and the encoder whose embeddings it holds.

    Examples
    --------
    >>> index = Index.open("vendor.index")                               # doctest: +SKIP
    >>> hits = index.search(["actives.sdf"], k=500, where=["mw<450"],
    ...                     unique="scaffold", output="hits.sdf")        # doctest: +SKIP
    """

    @classmethod
    def build(
        cls,
        library: Library | Any,
        encoder: Embedder | str | Path | None = None,
        out: str | Path | None = None,
        *,
        resume: bool = True,
        overwrite: bool = False,
        workers: int | None = None,
        device: str = "auto",
        storage: str = "full",
        on_progress: Told = None,
        **preparing: Any,
    ) -> Index:
        """Embed a library into the folder `out`; the same call continues an interrupted one.

        Parameters
        ----------
        library
            A `Library`, files, a DataFrame with a column of structures, or RDKit molecules.
        encoder
            An encoder, its folder, or None for the bundled one.
        out
            Folder of the index; in the user's cache, found again by content, where None.
        storage
            ``"prefix-64"``, ``"prefix-128"``: less room, the same hits; ``"compact"``: half the
            room, approximate scores (`docs/growing.md`); or a codec of one's own
            (`docs/extending.md`).
        on_progress
            True tells progress, False does not, None shows a bar in notebooks; or a function that
            takes the numbers of molecules embedded and failed.
        preparing
            Fields of `molsearch.config.PrepareConfig`, for a library that is not prepared.
            Without ``n_conformers`` the encoder's card decides, see `molsearch.service.geometry`.

        Warns
        -----
        UserWarning
            Records of the library cannot be used; `failures` lists all of them.

        Raises
        ------
        UsageError
            `out` holds something else.
        InputError
            The library cannot be read.
        """
        if not isinstance(library, Library):
            library = Library.open(*library_of(library))
        embedder = embedder_of(encoder, device)
        config = config_of(PrepareConfig, preparing)
        if library.prepared is not None and preparing:
            raise UsageError(f"the library is prepared already: {', '.join(preparing)} is too late")
        emit = telling(on_progress, "embedding")
        if out is None:
            if library.prepared is not None:
                raise UsageError("name the folder of the index: out=...")
            config = settled(config, embedder, emit)
            source = Source(library.sources, library.read, config, workers=cpus(workers))
            reader = kept_index(source, embedder, emit, Stopwatch())
            warn_of_unused(reader, stacklevel=2)
            return cls(reader, embedder, device)
        raw = {} if library.prepared is not None else {"read": library.read, "prepare": config}
        request = {"library": library.sources, "output": str(out), "storage": storage, **raw}
        options = {"workers": cpus(workers), "resume": resume, "overwrite": overwrite}
        made = index(
            validated(IndexRequest, {**request, **options}), Session(), emit, encoder=embedder
        )
        warn_of_unused(made.reader, stacklevel=2)
        return cls(made.reader, embedder, device)

    @classmethod
    def open(
        cls,
        path: str | Path,
        encoder: Embedder | str | Path | None = None,
        *,
        device: str = "auto",
    ) -> Index:
        """Open an index. The encoder (None: the bundled one) is loaded by the first search.

        Parameters
        ----------
        path
            Its folder, or an address such as ``s3://bucket/vendor.index``, whose files are copied
            into the cache as far as they are not there.

        Raises
        ------
        InputError
            There is no index at `path`.
        IndexCorruptError
            It is damaged.
        UsageError
            `path` is neither a text nor a path.
        """
        if not isinstance(path, str | Path):
            raise UsageError(f"an index is opened by its folder or address, not {path!r:.60}")
        return cls(open_index(here(path)), encoder, device)

    def __len__(self) -> int:
        return self.reader.n_rows

    def __repr__(self) -> str:
        return (
            f"<Index {self.path}: {counted(len(self), 'molecule')}, "
            f"{counted(self.reader.dim, 'dimension')}>"
        )

    def search(
        self,
        queries: Any = (),
        k: int | Literal["all"] = 1000,
        *,
        vectors: ArrayLike | None = None,
        inactives: Any = (),
        query_conformers: int | None = None,
        use_input_3d: bool = False,
        output: str | Path | None = None,
        overwrite: bool = False,
        batch: bool = False,
        progress: Told = None,
        **options: Any,
    ) -> Hits:
        """Rank the library for queries and return the hit list.

        Parameters
        ----------
        queries
            SMILES (optionally followed by a name), InChI, mol blocks, RDKit molecules, files, or a
            DataFrame with a column of SMILES; one or several. Or another `Index` (or its folder),
            whose every molecule is a query, the nearest counting.
        k
            Hits wanted; ``"all"`` for the whole library.
        vectors
            Embeddings ``[n, dim]`` or ``[dim]`` to search with, beside or in place of `queries`:
            made by the encoder of this index, of any length. Nothing but the embedding ranks
            then, and likeness to a vector is NaN.
        inactives
            Measured inactives, given like queries. A row of a file that
            cannot be used does not count, and is warned of.
        query_conformers
            3D geometries a query; as many as a library molecule's by default.
        use_input_3d
            Search with the coordinates that a query SDF gives.
        output
            Also write the hits here: .csv .tsv .sdf (each also .gz) or .parquet.
        overwrite
            Replace `output` where it exists.
        batch
            Screen for each query by itself: `k` hits each, one below the other, with the query's
            id in a first column ``query``. Encoder and index are opened once.
        progress
            True tells it, False does not, None shows a bar in notebooks.
        options
            Fields of `molsearch.config.ScreenConfig`: ``rank`` (``"balanced"``, ``"molsearch"``,
            ``"ecfp4"``, ``"4*molsearch+ecfp4+rarity"``, ``"small+small-held-out+fcfp4"``, and
            ``"…+shape"`` for the first ``depth``), ``base_rate`` (share of the library taken for
            active: adds ``active_probability``), ``fusion``, ``conformer_fusion``,
            ``activity_column`` and ``active_above`` (how a table of actives is read),
            ``include_smarts``, ``exclude_smarts``, ``exclude_alerts``, ``where``, ``unique``,
            ``recall`` (search approximately, after `Index.approximate`),
            ``threshold`` (a hit's least score), ``exclude_ids`` (files of ids), ``dissimilar_to``
            and ``dissimilar_at`` (no hit is that similar to these molecules),
            ``keep_query``, ``keep_inactives``, ``inactives_weight`` (``score`` is
            ``similarity_score - inactives_weight * inactive_score``; 0 leaves it alone; unless
            given, ``balanced`` counts inactives by a series model from five queries on).

        Returns
        -------
        Hits
            A pandas.DataFrame that draws itself in a notebook. One row a hit, best first: rank,
            molecule_id, smiles, score (what ranks), its components molsearch_score,
            ecfp4_score and, where it ranks, rarity_score, background_percentile (per cent of random
            molecules that score lower, both searched once), nearest_query, ecfp4_similarity (to
            that query), is_query, scaffold, alerts, properties, and the library's own columns,
            with their types where its format has some (Parquet, Excel, JSON lines). With inactives
            also nearest_inactive, inactive_score (for that one), is_inactive and, where they count,
            similarity_score (the score before they do).

        Warns
        -----
        UserWarning
            A query lies far from the training chemistry, leaves stereocentres open, inactives
            cannot be used, values that a condition compares are no numbers, fewer than k
            molecules pass, or a column holds values that are not of its type and stays text.

        Raises
        ------
        InputError
            A query, or not one inactive, can be used.
        UsageError
            An option is wrong, or `output` exists.
        EncoderMismatchError
            The index was made by another encoder.

        Examples
        --------
        >>> index.search("c1ccccc1C(=O)N", k=10, where=["ecfp4_similarity<0.4"])  # doctest: +SKIP
        """
        given = [*ligands_of(queries), *vectors_of(vectors)]
        if use_input_3d and any(isinstance(one, Molecule) for one in given):
            raise UsageError("use_input_3d is about files: write these molecules to an SDF first")
        if "dissimilar_to" in options:
            options["dissimilar_to"] = ligands_of(options["dissimilar_to"])
        request = config_of(
            ScreenRequest,
            {
                "queries": given,
                "inactives": ligands_of(inactives),
                "index": str(self.path),
                "k": max(1, len(self)) if k == "all" else k,
                "query_conformers": query_conformers,
                "use_input_3d": use_input_3d,
                "output": None if output is None else str(output),
                "overwrite": overwrite,
                "device": self._device,
                **options,
            },
        )
        check(request)
        if batch:
            return each_query(request, self.reader, self.encoder, telling(progress))
        emit = telling(progress)
        done = screen(request, Session(), emit, reader=self.reader, encoder=self.encoder)
        typed = done.hits.typed
        for warning in dict.fromkeys((*done.hits.warnings, *typed.notes)):
            warnings.warn(warning, stacklevel=2)
        hits = shown(typed.frame, done.hits.queries)
        with_origin(hits, done)
        return hits

    def cluster(
        self,
        similarity: float | None = None,
        *,
        n: int | None = None,
        by: Literal["embedding", "ecfp4"] = "embedding",
        on_progress: Told = None,
    ) -> pd.DataFrame:
        """Cluster the library; see `molsearch.cluster`.

        Examples
        --------
        >>> found = index.cluster(0.7)  # doctest: +SKIP
        >>> found[found["is_leader"]]  # doctest: +SKIP
        """
        return clusters_of(self.reader, similarity, n, by, on_progress)

    def compute_facts(self, *names: str, workers: int | None = None) -> int:
        """Compute facts of every molecule now, instead of when they are asked for, and keep them.

        Parameters
        ----------
        names
            Such as ``"alerts"``, ``"qed"``; all facts where none is named.
        workers
            Worker processes; as many as there are processors by default.

        Returns
        -------
        int
            Molecules that lacked one.

        Raises
        ------
        UsageError
            There is no such fact.
        """
        wanted = fact_names(names or ("all",))
        return fill_facts(self.reader, wanted, workers=cpus(workers))

    def failures(self) -> pd.DataFrame:
        """List the records of the library that have no embedding, and why.

        Stage ``fact``: the molecule is there, but a fact of it that was asked for cannot be
        computed.
        """
        failed = [self.reader.failures(), self.reader.fact_failures()]
        return pa.concat_tables(failed).to_pandas()

    def verify(self) -> list[str]:
        """Check every byte against the checksums; returns the problems, none where sound."""
        return verify_index(self.path).problems
