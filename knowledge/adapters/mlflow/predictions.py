"""What a version answered, row by row, as its training or evaluation left it among the artefacts.

- `evaluation/<digest>.parquet`, `.csv` or `.json`, by our own convention: a file for each data
  set, named by the digest MLflow gave it, rows in the order of the data. Columns as in
  `knowledge.promotion.evidence.Side`. JSON is a list of rows or what `mlflow.log_table` writes.
- `eval_results_table.json`: what `mlflow.evaluate` leaves where a metric was computed for each
  row; its columns "outputs" and "target" are taken as "prediction" and "label", and its data set
  is the one the run was measured on.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from typing import Any

from knowledge.adapters.frames.arrays import from_arrow, from_values
from knowledge.adapters.mlflow.artifacts import File, Folder
from knowledge.adapters.mlflow.server import SYSTEM
from knowledge.errors import Unavailable
from knowledge.records import Frame

FOLDER = "evaluation"
EVALUATED = "eval_results_table.json"
MOST_ROWS = 1_000_000
MOST_BYTES = 128 << 20
MOST_FILES = 5
_FORMATS = (".parquet", ".csv", ".json")
_NAMES = {"outputs": "prediction", "predictions": "prediction", "target": "label"}


def read_predictions(
    folders: Iterable[tuple[Folder, str]], wanted: Sequence[str]
) -> dict[str, Frame]:
    """By digest, from each folder with the digest of the data its run was measured on. The first
    folder that has a digest wins; of more than MOST_FILES, those in `wanted` come first. Raises
    Unavailable for a file that cannot be read: a gate must not pass for want of what is there."""
    places: dict[str, tuple[Folder, File]] = {}
    for folder, measured in folders:
        for digest, file in _files(folder, measured).items():
            places.setdefault(digest, (folder, file))
    order = sorted(places, key=lambda d: wanted.index(d) if d in wanted else len(wanted))
    return {digest: _read(*places[digest]) for digest in order[:MOST_FILES]}


def _files(folder: Folder, measured: str) -> dict[str, File]:
    top = folder.list()
    found: dict[str, File] = {}
    if FOLDER in top.folders:
        for file in folder.list(FOLDER).files:
            name = file.path.rpartition("/")[2]
            stem, dot, ending = name.rpartition(".")
            if stem and dot + ending in _FORMATS:
                found.setdefault(stem, file)
    table = top.get(EVALUATED)
    if table is not None and measured:
        found.setdefault(measured, table)
    return found


def _read(folder: Folder, file: File) -> Frame:
    content = folder.read(file, MOST_BYTES)
    try:
        return parse(file.path, content)
    except (ValueError, OSError, RecursionError) as error:  # ArrowInvalid is a ValueError
        why = f"{file.path} cannot be read: {str(error).splitlines()[0] if str(error) else error!r}"
        raise Unavailable(SYSTEM, why, retry=False) from error


def parse(name: str, content: bytes) -> Frame:
    """Raises ValueError, or OSError as pyarrow does."""
    frame = _table(json.loads(content)) if name.endswith(".json") else _arrow(name, content)
    rows = {len(column) for column in frame.values()}
    if len(rows) > 1:
        raise ValueError("its columns differ in length")
    _check(next(iter(rows), 0))
    if name.endswith(EVALUATED):
        return {_NAMES.get(column, column): values for column, values in frame.items()}
    return frame


def _arrow(name: str, content: bytes) -> Frame:
    import pyarrow.csv
    import pyarrow.parquet

    if name.endswith(".csv"):
        table = pyarrow.csv.read_csv(BytesIO(content))
    else:
        file = pyarrow.parquet.ParquetFile(BytesIO(content))
        _check(file.metadata.num_rows)
        table = file.read()
    return {column: from_arrow(table.column(column)) for column in table.column_names}


def _table(told: Any) -> Frame:
    """A list of rows, or {"columns": [...], "data": [[...], ...]}."""
    if isinstance(told, dict) and isinstance(told.get("columns"), list):
        names, rows = [str(name) for name in told["columns"]], told.get("data")
        if not isinstance(rows, list) or not all(
            isinstance(row, list) and len(row) == len(names) for row in rows
        ):
            raise ValueError("its rows do not fit its columns")
        columns: Mapping[str, list[Any]] = {n: [r[i] for r in rows] for i, n in enumerate(names)}
    elif isinstance(told, list) and all(isinstance(row, dict) for row in told):
        seen = dict.fromkeys(str(name) for row in told for name in row)
        columns = {name: [row.get(name) for row in told] for name in seen}
    else:
        raise ValueError("it is neither a list of rows nor a table of MLflow's")
    return {name: from_values(values) for name, values in columns.items()}


def _check(rows: int) -> None:
    if rows > MOST_ROWS:
        raise ValueError(f"it has {rows:,} rows, more than {MOST_ROWS:,}; log a sample of them")
