"""Pages of benchmark results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from molsearch.bench.report.html import to_html
from molsearch.bench.report.markdown import renewed, to_markdown
from molsearch.bench.results import read_all
from molsearch.errors import UsageError
from molsearch.io.atomic import write_text


def report(
    paths: Sequence[Path], page: Path | None, text: Path | None, *, overwrite: bool
) -> list[Path]:
    """Write a page and a Markdown text of result files; returns where they are.

    Parameters
    ----------
    paths
        Result files, or folders of them.
    page, text
        Where they go; beside the first result, and beside the page, where nothing is said.

    Raises
    ------
    UsageError
        One of them exists, and is not to be replaced.
    InputError
        A result file cannot be read.
    """
    records = read_all(paths)
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    page = page if page is not None else folder / "report.html"
    text = text if text is not None else page.with_suffix(".md")
    for path in (page, text):
        if path.exists() and not overwrite:
            raise UsageError(f"{path} exists: give another -o, or --overwrite")
    write_text(page, to_html(records))
    write_text(text, to_markdown(records))
    return [page, text]


def renew(paths: Sequence[Path], page: Path) -> Path:
    """Write the tables of a Markdown page anew, in place; returns it.

    Raises
    ------
    UsageError
        The page cannot be read, or marks no place for the tables.
    InputError
        A result file cannot be read.
    """
    records = read_all(paths)
    try:
        text = page.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{page} cannot be read ({error.strerror})") from None
    write_text(page, renewed(text, records, str(page)))
    return page
