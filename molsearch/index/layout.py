"""Where the parts of an index lie in its folder.

::

    lib.index/
      manifest.json                 the newest generation; written last
      generations/000001/           one whole build
        plan.json                   what is being built; decides whether a run may resume
        manifest.json               the copy from which a damaged manifest.json is replaced
        failures.parquet            every record that has no embedding, and why
        shard-00000/
          embeddings.npy            float16 [rows, dim]
          ecfp4.npy                 uint8 [rows, 256], packed fingerprints
          int8.npy, int8_scales.npy the embeddings in a byte a dimension, for scanning; large
          int8.json                 shards have it, older ones get it when first searched
          prefix.npy, prefix_….npy  in their place under --storage prefix-64 and prefix-128: the
          prefix.json               embeddings in so many axes of the shard, a byte an axis
          NAME….npy, NAME.json      under the storage NAME of a codec that was added
          records.parquet           ids, structures, properties, coordinates, user columns
          ranks.npy                 uint32 [rows, 1], the rows' places by molecule_id, which order
                                    equal scores; older shards have none
          blocks.json               checksums of each block of the four, for whoever reads one
          shard.json                written last: rows and checksums
          substructures.npy, .json  computed since, as others beside a shard's rows are (further
          …                         fingerprints, embeddings); in NAME.parts/ until they are whole
        facts/                      facts computed since, one file an asking; can go at any time
      ann/                          lists for approximate search (`molsearch.index.ann`)
      added/                        what is being added; goes when it is in a generation
      prepared/                     the prepared set, when the index was made from raw files
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from molsearch.io.folders import GENERATIONS, INDEX_FORMAT, MANIFEST, PREPARED

__all__ = ["GENERATIONS", "MANIFEST", "PREPARED"]

PLAN = "plan.json"
FAILURES = "failures.parquet"
EMBEDDINGS = "embeddings.npy"
FINGERPRINTS = "ecfp4.npy"
RECORDS = "records.parquet"
RANKS = "ranks.npy"
INT8 = "int8.npy"
INT8_SCALES = "int8_scales.npy"
INT8_ABOUT = "int8.json"
PREFIX = "prefix.npy"
PREFIX_SCALES = "prefix_scales.npy"
PREFIX_AXES = "prefix_axes.npy"
PREFIX_ABOUT = "prefix.json"
BLOCKS = "blocks.json"
SHARD = "shard.json"
FACTS = "facts"
ADDED = "added"

# A literal for the type checker; the same word as `INDEX_FORMAT`.
FORMAT: Final = "molsearch-index"
assert FORMAT == INDEX_FORMAT
FORMAT_VERSION = 1
# Of indexes with prefixes, and with codecs that were added: earlier versions of molsearch name
# them, rather than damage.
PREFIX_VERSION = 2
CODEC_VERSION = 3
MAX_SHARD_ROWS = 2**18
# Rows embedded and written at a time, as one row group: what one scattered hit costs to read.
BATCH_ROWS = 1024

_GENERATION = re.compile(r"\d{6}")


def generation_folder(path: Path, number: int) -> Path:
    """Folder of generation `number` of the index at `path`."""
    return path / GENERATIONS / f"{number:06d}"


def shard_name(number: int) -> str:
    """Folder name of shard `number` within its generation."""
    return f"shard-{number:05d}"


def generations(path: Path) -> list[int]:
    """Numbers of the generation folders present, oldest first; anything else is ignored."""
    folder = path / GENERATIONS
    if not folder.is_dir():
        return []
    names = (entry.name for entry in folder.iterdir() if entry.is_dir())
    return sorted(int(name) for name in names if _GENERATION.fullmatch(name))
