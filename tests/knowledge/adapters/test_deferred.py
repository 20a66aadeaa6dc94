import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from knowledge.adapters.deferred import deferred

OUTER, INNER = "seldom_used", "seldom_used.figures"


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with a module of one function."""
    package = tmp_path / OUTER
    package.mkdir()
    (package / "__init__.py").write_text("whole = True\n")
    (package / "figures.py").write_text("def twice(n, by=2):\n    return n * by\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop(OUTER, None)
    sys.modules.pop(INNER, None)


def twice() -> Any:
    """As a library imports it."""
    return import_module(INNER).twice


def test_nothing_is_imported_until_the_function_is_called() -> None:
    with deferred(INNER):
        function = twice()
    assert OUTER not in sys.modules
    assert INNER not in sys.modules
    assert function(4) == 8
    assert function(4, by=3) == 12
    assert import_module(OUTER).whole


def test_afterwards_it_is_imported_as_ever() -> None:
    with deferred(INNER):
        twice()
    assert twice().__module__ == INNER


def test_what_is_imported_already_stays() -> None:
    real = twice()
    with deferred(INNER):
        assert twice() is real
    assert twice() is real


def test_another_thread_that_comes_first_imports_the_real_one() -> None:
    found: list[Any] = []
    with deferred(INNER):
        thread = Thread(target=lambda: found.append(twice()))
        thread.start()
        thread.join()
        assert found[0].__module__ == INNER
        assert twice() is found[0]


def test_an_error_inside_leaves_nothing_behind() -> None:
    def fails() -> None:
        with deferred(INNER):
            twice()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert twice().__module__ == INNER


def test_a_function_that_is_not_there_is_missed_when_it_is_called() -> None:
    with deferred(INNER):
        function = import_module(INNER).thrice
    with pytest.raises(AttributeError, match="thrice"):
        function(4)
