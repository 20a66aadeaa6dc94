"""The benchmarks can be run: each module imports and has a main, and what is missing is said."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NOT_RUN_ALONE = {"running", "bare_app", "flood", "no_model", "__main__", "eval", "figure"}
MODULES = sorted(p.stem for p in (ROOT / "benchmarks").glob("*.py"))


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmarks are no installed package."""
    monkeypatch.syspath_prepend(str(ROOT))


@pytest.mark.parametrize("name", [name for name in MODULES if name not in NOT_RUN_ALONE])
def test_each_has_a_main_and_is_run_by_make_bench(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{name}")
    assert callable(module.main)
    listed = importlib.import_module("benchmarks.__main__").BENCHMARKS
    assert name in {benchmark.module or benchmark.name for benchmark in listed}


def test_missing_data_is_said_and_is_no_failure(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    main = importlib.import_module("benchmarks.__main__").main
    failed = main(["--only", "retrieval", "--data", str(tmp_path / "data")])
    said = capfd.readouterr().out
    assert failed == 0
    assert "retrieval: skipped" in said
    assert str(tmp_path / "data" / "incidents" / "corpus.jsonl") in said


def test_an_unknown_name_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    main = importlib.import_module("benchmarks.__main__").main
    with pytest.raises(SystemExit):
        main(["--only", "nothing"])
    assert "search_latency" in capfd.readouterr().err


def test_import_times_are_summed_by_package() -> None:
    start = importlib.import_module("benchmarks.start")
    own = start.import_times("json")
    assert "json" in own
    assert "json.decoder" not in own
