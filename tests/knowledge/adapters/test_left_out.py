import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest

from knowledge.adapters.left_out import left_out

NAME = "only_used_when_it_is_there"


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / f"{NAME}.py").write_text("there = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop(NAME, None)


def test_what_is_left_out_cannot_be_imported_for_a_while() -> None:
    with left_out(NAME), pytest.raises(ImportError, match="left out"):
        import_module(NAME)
    assert import_module(NAME).there


def test_it_is_known_to_be_installed() -> None:
    with left_out(NAME):
        assert find_spec(NAME) is not None


def test_other_threads_import_it_meanwhile() -> None:
    imported: list[bool] = []
    with left_out(NAME):
        thread = Thread(target=lambda: imported.append(import_module(NAME).there))
        thread.start()
        thread.join()
    assert imported == [True]


def test_what_is_imported_already_stays() -> None:
    import_module(NAME)
    with left_out(NAME):
        assert import_module(NAME).there


def test_an_error_inside_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError), left_out(NAME):
        raise ZeroDivisionError
    assert import_module(NAME).there
