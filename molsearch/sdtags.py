r"""The text of SD files around the mol blocks: one rule for what is read and what is written.

- A header is a line ``>…<NAME>…`` (or ``> DT12``, which has a number for a name) after a blank line
  or after the mol block. It ends the value before it.
- The line after a header is always data, whatever it looks like.
- The blank line that ends a value does not belong to it.
- What would be taken for something else within a value or as a title carries one space more in the
  file: a blank line, a line that begins with ``$$$$``, a header's likeness after a blank line.
- Lines end in ``\n``: a carriage return in a value is a line end, one in a name or title a space.

So what is written is read again as it was, and other programs, for which a blank line ends a value,
read all of it too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_NAMED = re.compile(r">[^<\n]*<(.*)>[^>\n]*")
_NUMBERED = re.compile(r">[^<>\n]*\b(DT\d+)\b[^<>\n]*")
_DELIMITER = re.compile(r" *\$\$\$\$")
_LINE_END = re.compile(r"\r\n?|\n")


class Items(NamedTuple):
    """The data items of one record, and what in them is not as it should be.

    Attributes
    ----------
    names, values
        In order; a name may come twice.
    odd
        Likenesses of headers that are data, each with the name of the item it belongs to.
    stray
        Lines that belong to no item.
    """

    names: list[str]
    values: list[str]
    odd: list[tuple[str, str]]
    stray: list[str]


def header_name(line: str) -> str | None:
    """Name of the item that a line would begin; None for a line that is no header.

    Examples
    --------
    >>> header_name("> 25 <IC50 (<10 uM)> (MD-1)"), header_name(">  DT12")
    ('IC50 (<10 uM)', 'DT12')
    """
    if not line.startswith(">"):
        return None
    found = _NAMED.fullmatch(line.rstrip()) or _NUMBERED.fullmatch(line.rstrip())
    return found[1] if found else None


def read_items(text: str) -> Items:
    r"""Take apart what follows a mol block.

    Examples
    --------
    >>> read_items("> <IC50>\n> <50>\n\n> <note>\ntwo\n \nlines\n\n")[:2]
    (['IC50', 'note'], ['> <50>', 'two\n\nlines'])
    """
    items = Items([], [], [], [])
    lines: list[str] = []
    may_begin = True  # after a blank line or the mol block, and not right after a header
    for line in text.removesuffix("\n").split("\n"):
        name = header_name(line)
        if name is not None and may_begin:
            _close(items, lines)
            items.names.append(name)
            lines, may_begin = [], False
            continue
        if items.names:
            lines.append(line)
            if name is not None:
                items.odd.append((items.names[-1], line))
        elif line.strip():
            items.stray.append(line)
        may_begin = not line.strip()
    _close(items, lines)
    return items


def _close(items: Items, lines: list[str]) -> None:
    if items.names:
        items.values.append(_value(lines))


def _value(lines: list[str]) -> str:
    end = len(lines)
    while end and not lines[end - 1]:
        end -= 1
    if end == len(lines) and end and lines[-1].isspace():
        end -= 1  # of a program that ends values with a line of spaces
    return "\n".join(
        line[1:] if line.startswith(" ") and _needs_space(line[1:], lines[:end], place) else line
        for place, line in enumerate(lines[:end])
    )


def _needs_space(line: str, lines: list[str], place: int) -> bool:
    """Whether the line of a value would be something else in a file."""
    if not line.strip() or _DELIMITER.match(line):
        return True
    after_blank = place > 0 and not lines[place - 1].strip()
    return after_blank and header_name(line.lstrip(" ")) is not None


def item_text(name: str, value: str) -> str:
    r"""Write one data item.

    Examples
    --------
    >>> item_text("a > b", "one\n\ntwo")
    '> <a > b>\none\n \ntwo\n\n'
    """
    lines = _LINE_END.split(value)
    if value:
        lines = [
            f" {line}" if _needs_space(line, lines, place) else line
            for place, line in enumerate(lines)
        ]
    text = "\n".join(lines)
    return f"> <{_LINE_END.sub(' ', name)}>\n{text}\n\n"


def title_line(title: str) -> str:
    """Write a title as the first line of a mol block, without its line end."""
    line = _LINE_END.sub(" ", title)
    return f" {line}" if _DELIMITER.match(line) else line


def read_title(line: str) -> str:
    """Read the first line of a mol block, verbatim; empty where it is blank."""
    if not line.strip():
        return ""
    return line[1:] if line.startswith(" ") and _DELIMITER.match(line) else line
