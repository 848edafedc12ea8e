"""The examples of docs/extending.md do what the page says."""

from __future__ import annotations

import json
import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from molsearch import extensions
from molsearch.bench.benchmarks.registry import OPENERS
from molsearch.bench.methods import SCORERS
from molsearch.chem.readers import formats
from molsearch.errors import UsageError
from molsearch.index.vectors.registry import CODECS
from molsearch.nn.registry import SIZES, model_config

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
ACTIVES = [f"O=C(Nc1ccc({x})cc1)c1ccccn1" for x in ("F", "Cl", "Br", "C", "OC")]
OTHERS = [f"C{'C' * n}N1CCN(C)CC1" for n in range(9)]


@pytest.fixture
def undone(monkeypatch, tmp_path):
    """A folder to work in; what the page registers is gone afterwards."""
    before = [(names, dict(names)) for names in (SIZES, OPENERS, SCORERS, CODECS)]
    monkeypatch.setattr(formats, "FORMATS", list(formats.FORMATS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOLSEARCH_CACHE", str(tmp_path / "cache"))
    yield tmp_path
    for names, kept in before:
        names.clear()
        names.update(kept)


def named(name: str):
    """What the page's example defines as `name`; nothing else of the page is run."""
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL):
        if f"class {name}:" in code:
            names = {}
            exec(compile(code, str(PAGE), "exec"), names)
            return names[name]
    raise AssertionError(f"no {name} on the page")


def run(capsys):
    """Run every example in order, as a reader would; returns what each section printed."""
    said, names = {}, {}
    for section in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
        for code in re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL):
            exec(compile(code, str(PAGE), "exec"), names)
        said[section.splitlines()[0]] = capsys.readouterr().out
    return said


def test_every_example_runs(undone, capsys):
    (undone / "data").mkdir()
    rows = [f"kinase,{s},a{n},True" for n, s in enumerate(ACTIVES)]
    rows += [f"kinase,{s},i{n},False" for n, s in enumerate(OTHERS)]
    (undone / "data" / "assays.csv").write_text("assay,smiles,id,active\n" + "\n".join(rows))
    said = run(capsys)
    assert list(said) == [
        *("An encoder size", "A benchmark", "A file format", "A scorer", "A codec"),
        "A work backend",
    ]
    exact, approximate = said["A codec"].splitlines()
    assert exact == "True nibbles"
    assert "codec signs) states no bound on its errors, so the list is approximate" in approximate
    assert said["A work backend"] == "['aspirin', 'caffeine'] True\n"
    assert "embeddings of 64" in said["An encoder size"]
    assert model_config("narrow").width == 64
    assert "'ecfp4': 1.0" in said["A benchmark"]
    assert said["A file format"].startswith("2 molecules; [{'row': 2, 'reason': 'no colon between")
    assert "'like-size'" in said["A scorer"]
    record = json.loads((undone / "series.json").read_text())
    assert set(record["methods"]) == {"ecfp4", "random", "like-size", "0.01*like-size+ecfp4"}
    assert record["provenance"]["title"] == "Assays of 2026"


def test_the_backend_of_the_page_keeps_the_rules_of_backends():
    def task(item):
        if item == 3:
            raise ValueError("three")
        return 10 * item

    def chunks():
        yield [1, 2]
        yield [3, 4]
        raise OSError("gone")

    coming = named("Threads")(2).map(task, chunks(), lambda item, why: (item, why))
    assert [next(coming), next(coming)] == [[10, 20], [(3, "ValueError: three"), 40]]
    with pytest.raises(OSError, match="gone"):
        next(coming)
    with pytest.raises(ValueError, match="three"):
        list(named("Threads")(2).map(task, [[1], [3]]))


def test_a_suffix_belongs_to_one_format(undone):
    with pytest.raises(UsageError, match="is read already"):
        formats.add_format(formats.Format("mine", (".sdf",), lambda *_: iter(())))


def test_an_extension_that_cannot_be_imported_is_one_line(monkeypatch):
    broken = EntryPoint("mine", "no_such_package.parts", extensions.GROUP)
    monkeypatch.setattr(extensions, "entry_points", lambda group: [broken])
    extensions.load.cache_clear()
    with pytest.raises(UsageError, match=r"'mine' \(no_such_package\.parts\) cannot be imported"):
        extensions.load()
    monkeypatch.undo()
    extensions.load.cache_clear()
    assert extensions.load() == ()
