import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from knowledge.adapters.version_files import read_predictions, read_versions
from knowledge.errors import NotFound, UserError
from knowledge.records import Field

V6 = {
    "model": "fraud",
    "version": 6,
    "created_at": "2026-11-01T00:00:00Z",
    "aliases": ["champion"],
    "metrics": {"auc": 0.897},
    "dataset_digest": "ab12",
}
V7 = {
    "model": "fraud",
    "version": "7",
    "created_at": "2026-11-20",
    "metrics": {"auc": 0.912},
    "dataset_digest": "ab12",
    "details": {"signature": {"inputs": [{"name": "amount", "type": "double"}]}},
}


def written(folder: Path, *lines: object, name: str = "versions.jsonl") -> Path:
    path = folder / name
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_json_lines_hold_a_version_each(tmp_path: Path) -> None:
    models = read_versions(written(tmp_path, V6, V7))
    champion = models.champion("fraud")
    assert champion is not None
    assert (champion.version, champion.metrics) == ("6", {"auc": 0.897})
    assert models.version("fraud", "7").created_at == datetime(2026, 11, 20, tzinfo=UTC)
    signature = models.details("fraud", "7").signature
    assert signature is not None
    assert signature.inputs == (Field("amount", "double"),)


def test_one_object_and_a_list_do_as_well(tmp_path: Path) -> None:
    assert read_versions(written(tmp_path, V6, name="one.json")).names() == ["fraud"]
    both = read_versions(written(tmp_path, [V6, V7], name="all.json"))
    assert [v.version for v in both.versions("fraud")] == ["7", "6"]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_tables_hold_a_row_a_version(tmp_path: Path, kind: str) -> None:
    table = pa.table(
        {
            "model": ["fraud", "fraud"],
            "version": ["6", "7"],
            "created_at": ["2026-11-01T00:00:00", "2026-11-20T12:00:00"],
            "aliases": ["champion", None],
            "dataset_digest": ["ab12", "ab12"],
            "metric.auc": [0.897, 0.912],
            "metric.f1": [0.7, None],
            "tag.service": ["pay", "pay"],
            "timing.p99": [0.01, 0.02],
            "source.git commit": ["abc", "def"],
            "size_bytes": [10, 20],
        }
    )
    path = tmp_path / f"versions.{kind}"
    if kind == "csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pq.write_table(table, path)
    models = read_versions(path)
    newest, champion = models.versions("fraud")
    assert (newest.version, newest.metrics, newest.tags) == (
        "7",
        {"auc": 0.912},
        {"service": "pay"},
    )
    assert champion.aliases == ("champion",)
    details = models.details("fraud", "7")
    assert (details.timings, details.source) == ({"p99": 0.02}, {"git commit": "def"})
    assert details.size_bytes == 20


def test_predictions_belong_to_the_versions_own_data(tmp_path: Path) -> None:
    models = read_versions(written(tmp_path, V6, V7))
    table = tmp_path / "p.csv"
    table.write_text("label,probability\n1,0.9\n0,0.2\n")
    read_predictions(models, "fraud", [f"7={table}", f"v6@zz={table}"])
    assert np.array_equal(models.predictions("fraud", "7")["ab12"]["probability"], [0.9, 0.2])
    assert list(models.predictions("fraud", "6")) == ["zz"]
    with pytest.raises(NotFound):
        read_predictions(models, "fraud", [f"9={table}"])
    with pytest.raises(UserError, match="write VERSION=FILE"):
        read_predictions(models, "fraud", [str(table)])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({**V7, "metrics": {"auc": "good"}}, "line 1: metrics.auc: Input should be a valid number"),
        ({"model": "fraud", "version": "7"}, "line 1: created_at: it is missing"),
        ({**V7, "metric": {}}, "line 1: metric: no such field; there are aliases"),
        ({**V7, "details": {"size_bytes": "big"}}, "size_bytes: Input should be a valid integer"),
        ("text", "it is no JSON object"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, line: object, says: str) -> None:
    with pytest.raises(UserError, match=says):
        read_versions(written(tmp_path, line, V6))


def test_a_file_without_versions_or_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no version"):
        read_versions(written(tmp_path))
    with pytest.raises(UserError, match="cannot be read"):
        read_versions(tmp_path / "nowhere.jsonl")
