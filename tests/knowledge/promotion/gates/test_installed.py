import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

from knowledge.promotion.gates import BUILTIN, GROUP, installed, judge
from knowledge.promotion.gates.installed import NAME, with_others
from knowledge.records import Gate, GateResult
from tests.knowledge.promotion.gates.conftest import evidence

ROOT = Path(__file__).parents[4]


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def offered(name: str, value: str) -> Gate:
    """What judging says of one gate that a package offers."""
    *own, other = with_others(BUILTIN, [entry(name, value)])
    assert tuple(own) == BUILTIN
    (gate,) = judge(evidence(), [other])
    return gate


def test_our_own_are_there_without_metadata() -> None:
    assert installed()[: len(BUILTIN)] == BUILTIN
    assert with_others(BUILTIN, []) == BUILTIN


def test_our_own_are_entry_points_too() -> None:
    """As an example to other packages; both lists say the same."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = project["entry-points"][GROUP]
    loaded = {name: entry(name, value).load() for name, value in named.items()}
    assert loaded == {gate.name: gate for gate in BUILTIN}
    assert with_others(BUILTIN, [entry(n, v) for n, v in named.items()]) == BUILTIN


def test_names_can_be_written_in_a_policy() -> None:
    assert all(NAME.fullmatch(gate.name) for gate in BUILTIN)


def test_a_gate_that_cannot_be_imported_is_named() -> None:
    gate = offered("bias", "no_such_package:gate")
    assert (gate.name, gate.result) == ("bias", GateResult.WARN)
    assert gate.detail.startswith("no_such_package:gate could not be loaded: ModuleNotFoundError")


def test_what_is_no_gate_is_named() -> None:
    assert "it is no knowledge.promotion.gates.GateSpec" in offered("bias", "math:pi").detail


def test_a_gate_of_a_name_that_is_taken_does_not_replace_the_first() -> None:
    gate = offered("mine", "tests.knowledge.promotion.gates.test_installed:TWIN")
    assert gate.name == "champion (tests.knowledge.promotion.gates.test_installed)"
    assert "another gate named 'champion'" in gate.detail


TWIN = BUILTIN[0]
