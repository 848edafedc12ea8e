"""Models kept as sealed JSON documents: what cannot be read as one is a damaged index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from molsearch.config import Config
from molsearch.errors import IndexCorruptError
from molsearch.index.layout import CODEC_VERSION
from molsearch.io.reading import read_small
from molsearch.store.sealed import LARGEST, SealError, parse_sealed, write_sealed

T = TypeVar("T", bound=Config)


def write_model(path: Path, model: Config) -> None:
    """Write `model` as JSON with a checksum of its content, atomically and durably."""
    write_sealed(path, model.model_dump(mode="json"))


def read_model(path: Path, kind: type[T]) -> T:
    """Read what `write_model` wrote.

    Raises
    ------
    IndexCorruptError
        The file is missing, cut short, edited, or of another format version.
    """
    try:
        content = read_small(path, LARGEST)
    except OSError as error:
        raise IndexCorruptError(f"{path} cannot be read: {error.strerror}") from error
    return parse_model(content, path, kind)


def parse_model(content: bytes, where: Path | str, kind: type[T]) -> T:
    """Take bytes for what `write_model` wrote.

    Parameters
    ----------
    where
        What messages name.

    Raises
    ------
    IndexCorruptError
        They were cut short, edited, or are of another format version.
    """
    try:
        body = parse_sealed(content, where, lambda found: _check_version(where, found))
        return kind.model_validate_json(json.dumps(body))
    except SealError as error:
        raise IndexCorruptError(str(error)) from error
    except TypeError as error:
        raise IndexCorruptError(f"{where} is not a manifest") from error
    except ValueError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise IndexCorruptError(f"{where} is damaged ({reason})") from error


def _check_version(where: Path | str, body: dict[str, Any]) -> None:
    """Name a newer format as such, rather than as damage."""
    plan = body.get("plan", body)
    version = plan.get("format_version") if isinstance(plan, dict) else None
    if isinstance(version, int) and version > CODEC_VERSION:
        raise IndexCorruptError(
            f"{where} has format version {version}, newer than this molsearch reads "
            f"({CODEC_VERSION}); upgrade molsearch"
        )
