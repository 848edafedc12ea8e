"""Verbs are thin: options are fields of the request, and the service does what is done."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import typer

import molsearch.cli
from molsearch.cli import asking, flags, screen
from molsearch.cli.growing import WORDS
from molsearch.cli.main import VERBS
from molsearch.errors import UsageError
from molsearch.service.requests import KINDS, ScreenRequest

FOLDER = Path(molsearch.cli.__file__).parent
FILES = [*VERBS, *(f"index_{word}" for word in WORDS), "data_convert"]
# What a verb may know besides the service: words, errors, and how a table is printed.
KNOWN = {
    "cli", "service", "server", "view", "errors", "words", "config", "schema", "bundled", "io",
    "wrong",
}  # fmt: skip
# Words for what was done, and which columns of a table are structures.
PRINTED = {
    "molsearch.bench.report.markdown", "molsearch.data.repeats", "molsearch.picks.output",
    "molsearch.reasons.table", "molsearch.search.hits",
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_no_verb_is_long(name):
    lines = (FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_verbs_reach_the_work_by_the_service_alone(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in typed:
            parts = (node.module or "").split(".")
            if parts[0] == "molsearch" and len(parts) > 1 and node.module not in PRINTED:
                assert parts[1] in KNOWN, node.module


# Words of a training and of a check become a request in other ways.
@pytest.mark.parametrize("verb", sorted({*KINDS} - {"train", "verify"}))
def test_every_option_says_what_its_field_says(verb, monkeypatch):
    """No verb of a request declares an option of its own: help and default are the field's."""
    seen, kind = [], KINDS[verb]

    def look(app, asked, made, **more):
        seen.append((asked, made))
        return lambda function: function

    monkeypatch.setattr(asking, "verb", look)
    module = FOLDER / f"{verb}.py"
    exec(compile(module.read_text(encoding="utf-8"), str(module), "exec"), {"__name__": "looked"})
    ((asked, made),) = seen
    assert asked is kind
    for flag in made:
        field = flags.field_of(kind, flag.field)
        assert field.description or flag.help, flag.field
        _, declared, due = flag.declared(kind)
        assert declared.help == (flag.help or flags.sentence(field.description))
        if not (flag.argument or flag.off or flag.read or due in (None, ...)):
            assert due == field.get_default()


def test_only_what_was_written_is_asked(monkeypatch):
    asked = []
    monkeypatch.setenv("MOLSEARCH_KEEP_ALLOCATOR", "1")
    monkeypatch.setattr(screen, "run", lambda request, **_: asked.append(request))
    command = typer.main.get_command(screen.app)
    command.main(["-q", "C", "-i", "x", "-o", "h.csv", "--no-header"], standalone_mode=False)
    (request,) = asked
    fields = {"queries": ("C",), "index": "x", "output": "h.csv", "read": {"header": False}}
    assert request == ScreenRequest(**fields)
    assert request.model_fields_set == set(fields)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--base-rate", "2"], "--base-rate: 2.0 is not less than 1"),
        (["--dissimilar-at", "0"], "--dissimilar-at: 0.0 is not greater than 0"),
    ],
)
def test_a_value_out_of_range_is_told_by_its_option(words, said, monkeypatch):
    monkeypatch.setenv("MOLSEARCH_KEEP_ALLOCATOR", "1")
    command = typer.main.get_command(screen.app)
    with pytest.raises(UsageError, match=said):
        command.main(["-q", "C", "-i", "x", "-o", "-", *words], standalone_mode=False)
