"""Embedding on other machines: batches go out as they are cut here, and come back with vectors.

The batches are those of a build in one process, so a row meets the same rows in the encoder, and
the bytes of the index are the same at one thread a task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import numpy as np
import pyarrow as pa

from molsearch.index.embedder import Embedder
from molsearch.index.shard import VECTOR
from molsearch.work.backend import Backend, cut

_BATCHES = 4  # a task: seconds of work, and a few MiB
# Gives tables their embeddings, in a column of bytes.
Embedded = Callable[[Iterable[pa.Table]], Iterator[pa.Table]]


def embedded(
    tables: Iterable[pa.Table], backend: Backend, encoder: Callable[[], Embedder]
) -> Iterator[pa.Table]:
    """Embed tables on a backend; each keeps its rows and gets the float32 column `VECTOR`.

    Parameters
    ----------
    encoder
        Called in the worker, for every table: loads the encoder, or finds it loaded.
    """
    task = partial(_embedded, encoder=encoder)
    for done in backend.map(task, cut(map(_packed, tables), _BATCHES)):
        yield from map(_unpacked, done)


def _embedded(packed: bytes, encoder: Callable[[], Embedder]) -> bytes:
    table = _unpacked(packed)
    vectors = np.ascontiguousarray(encoder().embed_table(table), dtype=np.float32)
    width = vectors.shape[1] * vectors.itemsize
    column = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(vectors), [None, pa.py_buffer(vectors.tobytes())]
    )
    return _packed(table.append_column(VECTOR, column))


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _unpacked(packed: bytes) -> pa.Table:
    return pa.ipc.open_stream(packed).read_all()
