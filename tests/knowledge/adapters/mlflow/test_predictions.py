import json
from io import BytesIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from knowledge.adapters.mlflow.predictions import MOST_ROWS, parse

ROWS = {"label": [1, 0], "prediction": [1, 1], "probability": [0.9, 0.6]}


def parquet(columns: dict[str, object]) -> bytes:
    out = BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("evaluation/d1.parquet", parquet(dict(ROWS))),
        ("evaluation/d1.csv", b"label,prediction,probability\n1,1,0.9\n0,1,0.6\n"),
        (
            "evaluation/d1.json",
            json.dumps(
                [dict(zip(ROWS, row, strict=True)) for row in zip(*ROWS.values(), strict=True)]
            ).encode(),
        ),
        (
            "evaluation/d1.json",
            json.dumps(
                {"columns": list(ROWS), "data": list(zip(*ROWS.values(), strict=True))}
            ).encode(),
        ),
    ],
)
def test_every_format_gives_the_same_columns(name: str, content: bytes) -> None:
    frame = parse(name, content)
    assert {column: values.tolist() for column, values in frame.items()} == ROWS


def test_the_table_of_mlflows_evaluation_has_other_names() -> None:
    table = json.dumps({"columns": ["distance", "target", "outputs"], "data": [[9.0, 1, 0]]})
    assert set(parse("eval_results_table.json", table.encode())) == {
        "distance",
        "label",
        "prediction",
    }


def test_a_value_that_is_missing_in_json_is_nan() -> None:
    frame = parse("evaluation/d1.json", b'[{"label": 1, "prediction": 2.5}, {"label": 0}]')
    assert np.isnan(frame["prediction"][1])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", b"no JSON"),
        ("a.json", b"3"),
        ("a.json", b"[1, 2]"),
        ("a.json", b'{"columns": ["a", "b"], "data": [[1]]}'),
        ("a.parquet", b"PAR1 and then nothing"),
        ("a.parquet", parquet(dict(ROWS))[:-20]),
        ("a.csv", b"a,b\n1\n"),
        ("a.csv", b""),
    ],
)
def test_half_a_file_is_an_error(name: str, content: bytes) -> None:
    with pytest.raises((ValueError, OSError)):
        parse(name, content)


def test_more_rows_than_can_be_compared_are_refused() -> None:
    many = parquet({"label": pa.array(np.zeros(MOST_ROWS + 1, dtype=np.int8))})
    with pytest.raises(ValueError, match=r"1,000,001 rows, more than 1,000,000; log a sample"):
        parse("a.parquet", many)
