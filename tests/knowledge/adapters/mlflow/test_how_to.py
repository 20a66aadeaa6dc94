"""The snippet of docs/how-to/mlflow.md leaves what Tandem reads."""

import re
import warnings
from pathlib import Path

import pytest

from knowledge.adapters.mlflow import MlflowModels
from tests.knowledge.adapters.mlflow.conftest import Registry

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "mlflow.md"


@pytest.mark.mlflow
def test_what_train_py_leaves_is_read(mlflow_uri: str, patient: None) -> None:
    pd = pytest.importorskip("pandas")
    import mlflow

    registry = Registry(mlflow_uri)
    client = registry.client
    run_id = client.create_run(registry.experiment).info.run_id
    logged = client.create_logged_model(registry.experiment, name="model", source_run_id=run_id)
    holdout = pd.DataFrame({"region": ["north", "south"], "minutes": [31.0, 42.5]})
    names = {
        "mlflow": mlflow,
        "logged": logged,
        "train": holdout,
        "holdout": holdout,
        "predicted": [30.0, 44.0],
        "rmse": 1.25,
        "importances": {"region": 0.5},
        "commit": "4e1f",
        "data_version": "77ab",
    }
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    mlflow.set_tracking_uri(mlflow_uri)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow's own, of its ways with pandas
            exec(found[1], names)
    finally:
        # What it was before is a file here, for MLflow puts it into the environment of later tests.
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type]
    client.create_model_version(
        registry.name,
        f"models:/{logged.model_id}",
        run_id=run_id,
        model_id=logged.model_id,
        await_creation_for=0,
    )

    models = MlflowModels(mlflow_uri, timeout=60)
    version = models.version(registry.name, "1")
    assert (version.dataset, version.metrics["rmse"]) == ("holdout", 1.25)
    frame = models.predictions(registry.name, "1")[version.dataset_digest]
    assert {name: column.tolist() for name, column in frame.items()} == {
        "region": ["north", "south"],
        "label": [31.0, 42.5],
        "prediction": [30.0, 44.0],
    }
    details = models.details(registry.name, "1")
    assert details.trained_on.startswith("trips (")
    assert details.importances == {"region": 0.5}
    assert details.timings == {"p50": 0.004, "p99": 0.031}
    assert details.source["git commit"] == "4e1f"
    assert details.source["data version"] == "lakeFS commit=77ab"
