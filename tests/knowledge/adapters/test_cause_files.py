"""Cases and what belongs to them, from files."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from knowledge.adapters.cause_files import TelemetryCase, read_case, read_json
from knowledge.errors import UserError

CALM = {"timestamps": [0, 60], "series": {"web": {"latency": [0.1, 0.2]}}}
CASE: dict[str, Any] = {
    "schema": "rca-case/1",
    "case_id": "shop-1",
    "step_s": 60,
    "failure_time": 1_700_000_000,
    "target": {"service": "web", "metric": "latency"},
    "edges": [],
    "normal": "normal/shop-monday.json.gz",
    "window": {"timestamps": [1_700_000_000], "series": {"web": {"latency": [2]}}},
}
TRACES = {"minutes": 1, "ops": [], "edges": [], "logs": []}


def put(file: Path, document: object) -> Path:
    file.parent.mkdir(exist_ok=True)
    text = json.dumps(document).encode()
    file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)
    return file


@pytest.fixture
def data(tmp_path: Path) -> Path:
    put(tmp_path / "cases/shop-1.json.gz", CASE)
    put(tmp_path / "normal/shop-monday.json.gz", CALM)
    return tmp_path


def test_a_case_finds_its_calm_data(data: Path) -> None:
    case = read_case(data / "cases/shop-1.json.gz")
    assert len(case.calm["web"]["latency"].values) == 2
    assert case.flow is None
    assert TelemetryCase(case).id == "shop-1"
    assert [s.component for s in TelemetryCase(case).rank().suspects] == ["web"]


def test_a_case_finds_the_traces_of_both(data: Path) -> None:
    put(data / "traces/shop-1.json.gz", TRACES)
    put(data / "traces/normal-tuesday.json.gz", TRACES)
    assert read_case(data / "cases/shop-1.json.gz").calm_flow is None
    put(data / "traces/normal-monday.json.gz", TRACES)
    case = read_case(data / "cases/shop-1.json.gz")
    assert case.flow is not None
    assert case.calm_flow is not None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"normal": "normal/none.json"}, "normal: 'normal/none.json' is not there"),
        ({"normal": None}, "normal: None"),
        ({"step_s": -1}, "step_s"),
    ],
)
def test_an_error_names_file_and_field(data: Path, change: dict[str, Any], why: str) -> None:
    file = put(data / "cases/bad.json", CASE | change)
    with pytest.raises(UserError, match=why) as caught:
        read_case(file)
    assert str(caught.value).startswith(str(file))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("bad.json", b"{", "is not JSON"),
        ("bad.json.gz", b"not gzipped", "cannot be read"),
        ("bad.json", b"\xff\xfe", "not UTF-8"),
    ],
)
def test_broken_files_are_told(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=why):
        read_json(tmp_path / name)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        read_case(tmp_path / "none.json")


def test_a_list_is_no_case(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not a case"):
        read_case(put(tmp_path / "list.json", []))
