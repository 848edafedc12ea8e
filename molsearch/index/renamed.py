"""An index whose library's files go by other names today than when it was made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from molsearch import schema
from molsearch.index.reader import IndexReader, Rows


class Renamed(IndexReader):
    """Reads an index, and calls the library's files by names of today.

    Hits, failures, filters and the manifest speak of the files that were given now: an index that
    is found by its library's content may have been made of the same files elsewhere.

    Parameters
    ----------
    reader
        The index.
    sources
        Today's names, in the order of ``manifest.library.sources``.
    """

    def __init__(self, reader: IndexReader, sources: Sequence[str]) -> None:
        manifest = reader.manifest
        library = manifest.library
        self._names = dict(zip(library.sources, sources, strict=True))
        reading = [
            replace(one, source=self._names.get(one.source, one.source)) for one in library.reading
        ]
        today = library.model_copy(update={"sources": tuple(sources), "reading": tuple(reading)})
        super().__init__(reader.path, manifest.model_copy(update={"library": today}))

    def called(self, rows: Rows) -> Rows:
        """Put today's names into the column of sources, where there is one."""
        place = rows.schema.get_field_index(schema.SOURCE)
        if place < 0:
            return rows
        column = rows.column(place)
        old, new = (
            pa.array(names, column.type) for names in zip(*self._names.items(), strict=True)
        )
        today = pc.coalesce(new.take(pc.index_in(column, value_set=old)), column)
        return rows.set_column(place, rows.schema.field(place), today)


def renamed(reader: IndexReader, sources: Sequence[str]) -> IndexReader:
    """Call a library's files as they are called today, where that can be told of each."""
    known = reader.manifest.library.sources
    if tuple(sources) == known or len(sources) != len(set(known)):
        return reader
    return Renamed(reader, sources)
