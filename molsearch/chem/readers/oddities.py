"""What an SD file holds that is read by a rule its author may not have had in mind."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

from molsearch.chem.readers.joined import Parts
from molsearch.sdtags import Items
from molsearch.words import counted


@dataclass
class _Kind:
    """Records with one oddity: how many, and the first."""

    count: int = 0
    first: str = ""

    def add(self, number: int, detail: str = "") -> None:
        if not self.count:
            self.first = f"record {number:,}{detail}"
        self.count += 1

    def line(self, what: str, done: str) -> str:
        records = counted(self.count, "record")
        return f"{records} with {what}: {done} (first: {self.first})"


@dataclass
class Oddities:
    """Collects the oddities of one file, and tells each kind in one line at its end."""

    source: str
    _joined: _Kind = field(default_factory=_Kind)
    _quoted: _Kind = field(default_factory=_Kind)
    _odd: _Kind = field(default_factory=_Kind)
    _stray: _Kind = field(default_factory=_Kind)

    def joined(self, number: int, parts: Parts) -> None:
        """Note that a record, the `number`-th, holds several mol blocks."""
        if len(parts.texts) > 1:
            self._joined.add(number)
        if parts.quoted:
            self._quoted.add(number)

    def note(self, number: int, items: Items) -> None:
        """Note what is odd among the tags of a record."""
        if items.odd:
            name, line = items.odd[0]
            self._odd.add(number, f", {line[:60]!r} in <{name[:60]}>")
        if items.stray:
            self._stray.add(number, f", {items.stray[0][:60]!r}")

    def warn(self) -> None:
        """Tell the user what was found."""
        for kind, what, done in (
            (
                self._joined,
                "several mol blocks, as where files are joined without $$$$",
                "each block is a record of its own",
            ),
            (
                self._quoted,
                "a mol block within a tag",
                "it stays the tag's text; put $$$$ before it if it is a molecule of the file",
            ),
            (
                self._odd,
                "a line like a tag's header right after a header or without a blank line before it",
                "it is data of the tag above it; put a blank line before it if it is a header",
            ),
            (
                self._stray,
                "text between mol block and tags",
                "it belongs to no tag and is left out",
            ),
        ):
            if kind.count:
                warnings.warn(f"{self.source}: {kind.line(what, done)}", stacklevel=2)
