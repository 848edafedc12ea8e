"""Everything molsearch raises on purpose, each with the exit code its kind earns.

A message is one line: what went wrong, where (file, row), and how to mend it.
"""

from __future__ import annotations


class MolSearchError(Exception):
    """Base of all deliberate errors; the CLI prints its message and exits with `exit_code`."""

    exit_code = 1


class UsageError(MolSearchError):
    """The request itself is wrong: an option, a combination, an output that exists."""

    exit_code = 2


class InputError(MolSearchError):
    """A file or molecule the user brought cannot be used."""

    exit_code = 3


class UnfinishedError(InputError):
    """A folder holds work that was never finished; the same command goes on with it."""


class IndexCorruptError(MolSearchError):
    """An index or prepared set on disk contradicts its manifest."""

    exit_code = 4


class EncoderMismatchError(MolSearchError):
    """The encoder at hand is not the one the index was made with, or cannot be loaded."""

    exit_code = 5


def first_line(error: BaseException) -> str:
    """First line of what an error says."""
    return (str(error).splitlines() or [type(error).__name__])[0]
