"""Places: files are whole or not there, on a disk as on an object store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from molsearch.errors import MolSearchError, UsageError
from molsearch.work import place as module
from molsearch.work.place import Place

pytest.importorskip("moto.server", reason="moto is not installed (pip install 'moto[server]')")


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    from clusters import object_store

    with object_store() as address:
        yield address


@pytest.fixture(params=["disk", "object store"])
def place(request: pytest.FixtureRequest, tmp_path: Path, bucket: str) -> Place:
    return Place.of(tmp_path / "place" if request.param == "disk" else f"{bucket}/{tmp_path.name}")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"many bytes" * 1000)
    return path


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE", 0.0)


def names(place: Place) -> list[str]:
    found = place._system.find(place.address) if place._system.exists(place.address) else []
    return sorted(Path(name).name for name in found)


def test_a_file_is_put_and_taken_and_then_gone(place: Place, file: Path, tmp_path: Path) -> None:
    put = place.put(file, "one")
    assert names(place) == ["one"]
    place.take(put, tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == file.read_bytes()
    assert names(place) == []


def test_a_folder_goes_when_its_work_is_over(place: Place, file: Path) -> None:
    with pytest.raises(KeyError), place.within("work") as inner:  # noqa: PT012
        inner.put(file, "one")
        assert names(inner) == ["one"]
        raise KeyError
    assert names(inner) == []


def test_what_was_altered_on_the_way_is_refused(place: Place, file: Path, tmp_path: Path) -> None:
    put = place.put(file, "one")
    place.write("one", b"other")
    with pytest.raises(MolSearchError, match="one differs from its checksum"):
        place.take(put, tmp_path / "taken")
    assert not (tmp_path / "taken").exists()


def failing(monkeypatch: pytest.MonkeyPatch, place: Place, times: int) -> list[str]:
    """Let the place break off so many times in the middle of a file."""
    calls: list[str] = []
    if place.is_local:
        real = module.shutil.copyfile

        def copy(source: Any, target: Any) -> Any:
            calls.append("copy")
            if len(calls) <= times:
                Path(target).write_bytes(Path(source).read_bytes()[:100])
                raise OSError(5, "Input/output error")
            return real(source, target)

        monkeypatch.setattr(module.shutil, "copyfile", copy)
        return calls
    system = place._system
    sent = system._call_s3

    async def call(method: str, *more: Any, **options: Any) -> Any:
        if method == "put_object":
            calls.append(method)
            if len(calls) <= times:
                raise OSError(5, "connection broken after 100 bytes")
        return await sent(method, *more, **options)

    monkeypatch.setattr(system, "_call_s3", call)
    return calls


def test_a_write_that_breaks_off_is_repeated(
    monkeypatch: pytest.MonkeyPatch, place: Place, file: Path, tmp_path: Path
) -> None:
    calls = failing(monkeypatch, place, 2)
    put = place.put(file, "one")
    assert len(calls) == 3
    place.take(put, tmp_path / "taken")
    assert (tmp_path / "taken").read_bytes() == file.read_bytes()


def test_a_store_that_goes_on_failing_is_one_line_and_shows_nothing(
    monkeypatch: pytest.MonkeyPatch, place: Place, file: Path
) -> None:
    calls = failing(monkeypatch, place, 99)
    with pytest.raises(MolSearchError, match=r"cannot put one into .* 4 times: mend it") as caught:
        place.put(file, "one")
    assert len(calls) == 4
    assert "\n" not in str(caught.value)
    assert names(place) == []


def test_an_address_that_nothing_can_read_is_refused() -> None:
    with pytest.raises(UsageError, match="nosuch://x cannot be read here: pip install"):
        Place.of("nosuch://x")
