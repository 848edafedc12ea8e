"""What an index takes on the disk, by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from molsearch import schema
from molsearch.index.layout import (
    EMBEDDINGS,
    FACTS,
    FINGERPRINTS,
    INT8,
    INT8_SCALES,
    PREFIX,
    PREFIX_AXES,
    PREFIX_SCALES,
    RANKS,
    RECORDS,
    generation_folder,
)
from molsearch.index.reader import IndexReader

_PARTS = {
    EMBEDDINGS: "embeddings",
    INT8: "one-byte copy",
    INT8_SCALES: "one-byte copy",
    PREFIX: "one-byte copy",
    PREFIX_SCALES: "one-byte copy",
    PREFIX_AXES: "one-byte copy",
    FINGERPRINTS: "fingerprints",
    RANKS: "ids",
}
_COLUMNS = {
    "structures": (schema.SMILES, schema.PARENT_SMILES),
    "ids": (schema.MOLECULE_ID, schema.RECORD_NUMBER, schema.ROW, schema.SOURCE),
    "coordinates": (schema.COORDS, schema.GEOMETRY, schema.N_CONFORMERS, schema.N_ATOMS),
    "facts": schema.STORED_FACTS,
}


def bytes_by_part(reader: IndexReader) -> dict[str, int]:
    """Bytes of the generation that is read, by what they hold.

    Own columns are the user's. Checksums and lists of failures count as the rest. What is kept
    beside shards is what screens computed, such as rarity.
    """
    total: Counter[str] = Counter()
    for number, shard in enumerate(reader.manifest.shards):
        total["kept beside"] += _beside(reader.path / shard.folder, shard.files)
        for name, entry in shard.files.items():
            part = _PARTS.get(name, "copies" if name.endswith(".npy") else "rest")
            if name != RECORDS:
                total[part] += entry.n_bytes
                continue
            columns = _columns(reader, number)
            total.update(columns)
            total["rest"] += entry.n_bytes - sum(columns.values())
    total["rest"] += reader.manifest.failures.n_bytes
    folder = generation_folder(reader.path, reader.manifest.generation) / FACTS
    total["facts"] += sum(one.stat().st_size for one in folder.glob("*.parquet"))
    optional = [name for name in ("copies", "kept beside") if total[name]]
    order = [*dict.fromkeys(_PARTS.values()), *optional, *_COLUMNS, "own columns", "rest"]
    return {part: total[part] for part in order}


def size_of(path: Path) -> int:
    """Bytes below a folder; a file that stands in several places counts once."""
    found = (one.stat() for one in path.rglob("*") if one.is_file())
    return sum({(one.st_dev, one.st_ino): one.st_size for one in found}.values())


def _beside(folder: Path, files: Collection[str]) -> int:
    """Bytes of the companions of a shard."""
    return sum(one.stat().st_size for one in folder.glob("*.npy") if one.name not in files)


def _columns(reader: IndexReader, shard: int) -> Counter[str]:
    metadata = reader.records(shard).metadata
    found: Counter[str] = Counter()
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place in range(group.num_columns):
            column = group.column(place)
            found[_part(column.path_in_schema.split(".")[0])] += column.total_compressed_size
    return found


def _part(column: str) -> str:
    return next((part for part, names in _COLUMNS.items() if column in names), "own columns")
