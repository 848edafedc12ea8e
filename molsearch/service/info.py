"""What a prepared set, an index or an encoder holds, as facts by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from molsearch.data.prepared import PreparedSet
from molsearch.errors import InputError
from molsearch.index.ann.manifest import best_recalls, folder_of, read_about
from molsearch.index.generation import unfinished_change
from molsearch.index.layout import PREPARED, generations
from molsearch.index.reader import IndexReader, open_index
from molsearch.index.size import bytes_by_part, size_of
from molsearch.index.unfinished import look_at_unfinished
from molsearch.io.folders import Kind, look
from molsearch.nn.weights import bundled_encoders, load_encoder
from molsearch.words import counted


def describe(path: Path | None) -> dict[str, Any]:
    """Facts about what is at `path`; the bundled encoder where None.

    Raises
    ------
    InputError
        `path` is none of the three kinds, or does not exist.
    """
    if path is None:
        return _encoder(None)
    found = look(path)
    if found.kind is Kind.NOTHING and str(path) not in bundled_encoders():
        raise InputError(
            f"{path} does not exist: check the path, or name a bundled encoder "
            f"({', '.join(bundled_encoders())})"
        )
    if found.kind is Kind.INDEX:
        return _index(path) if found.finished else _unfinished_index(path)
    if found.kind is Kind.PREPARED:
        return _prepared(path)
    if found.kind in (Kind.FILE, Kind.EMPTY, Kind.OTHER) or not found.finished:
        raise InputError(
            f"{path} is {found}: no encoder here, no index and no prepared set; check the path"
            + ("" if found.finished else ", or repeat the command that began it")
        )
    return _encoder(path)


def _prepared(path: Path) -> dict[str, Any]:
    found = PreparedSet.open(path, allow_unfinished=True)
    run = found.manifest.run
    return {
        "kind": "prepared set",
        "path": str(path),
        "complete": found.complete,
        "n_in": found.n_in,
        "n_ok": found.n_ok,
        "n_failed": found.n_failed,
        "sources": [source.name for source in run.sources],
        "prepare": run.prepare.model_dump(mode="json"),
        "rdkit": run.rdkit,
        "bytes": size_of(path),
        "identity": found.identity,
    }


def _index(path: Path) -> dict[str, Any]:
    reader = open_index(path)
    manifest = reader.manifest
    parts = bytes_by_part(reader)
    return {
        "kind": "index",
        "path": str(path),
        "complete": True,
        "generation": manifest.generation,
        "generations_kept": len(generations(path)),
        "n_in": manifest.n_in,
        "n_ok": manifest.n_ok,
        "n_failed": manifest.n_failed,
        "n_dropped": manifest.n_dropped,
        "part": None if manifest.part is None else str(manifest.part),
        "changes": [f"{change} ({counted(change.n, 'molecule')})" for change in manifest.changes],
        "unfinished": unfinished_change(path),
        "shards": reader.n_shards,
        "dim": reader.dim,
        "dtype": manifest.plan.dtype,
        "prefix": manifest.plan.prefix,
        **({} if manifest.plan.codec is None else {"codec": manifest.plan.codec}),
        "recall": reader.recall,
        "approximate_search": _lists(reader),
        "sources": list(manifest.library.sources),
        "prepare": manifest.library.prepare.model_dump(mode="json"),
        "encoder": reader.identity,
        "encoder_card": manifest.card,
        "library": manifest.plan.library,
        "bytes": size_of(path),
        "bytes_a_molecule": {
            "all": round(sum(parts.values()) / reader.n_rows, 1),
            **{name: round(n_bytes / reader.n_rows, 1) for name, n_bytes in parts.items()},
        },
        "bytes_prepared": size_of(path / PREPARED),
    }


def _lists(reader: IndexReader) -> dict[str, Any] | None:
    """Describe lists for approximate search, and the most they find; None without such."""
    about = read_about(reader.path)
    if about is None:
        return None
    return {
        "lists": about.trained.n_lists,
        "generation": about.generation,
        "current": about.fits(reader.manifest),
        "bytes_a_molecule": round(size_of(folder_of(reader.path)) / reader.n_rows, 1),
        "recall": best_recalls(about.measured),
    }


def _unfinished_index(path: Path) -> dict[str, Any]:
    found, _ = look_at_unfinished(path)
    return {
        "kind": "index",
        "path": str(path),
        "complete": False,
        "n_embedded": found.n_done,
        "n_to_embed": found.n_rows,
        "n_prepared": found.n_prepared,
        "bytes": size_of(path),
    }


def _encoder(path: Path | None) -> dict[str, Any]:
    encoder = load_encoder(path, device="cpu")
    parameters = sum(parameter.numel() for parameter in encoder.network.parameters())
    background, reference = encoder.background, encoder.reference
    return {
        "kind": "encoder",
        "path": "bundled" if path is None else str(path),
        "dim": encoder.dim,
        "parameters": parameters,
        "background": 0 if background is None else len(background),
        "reference": 0 if reference is None else len(reference),
        **encoder.card,
    }
