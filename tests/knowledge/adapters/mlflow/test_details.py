"""Details and predictions as a real MLflow keeps them; each test adds what it is about."""

import json
from dataclasses import replace

import pytest

from knowledge.adapters.mlflow import MlflowModels
from knowledge.adapters.mlflow.details import MOST_CARD_BYTES
from knowledge.errors import Unavailable
from knowledge.records import Details, Field, Signature
from tests.knowledge.adapters.mlflow.conftest import FILES, Made, Registry
from tests.knowledge.adapters.mlflow.test_explanations import npy

pytestmark = pytest.mark.mlflow


@pytest.fixture(scope="module")
def registry(mlflow_uri: str, patient: None) -> Registry:
    return Registry(mlflow_uri)


@pytest.fixture(scope="module")
def models(registry: Registry) -> MlflowModels:
    return MlflowModels(registry.uri, timeout=60)


@pytest.fixture(scope="module")
def full(registry: Registry, models: MlflowModels) -> tuple[str, Details]:
    """A version of which everything is known, and what was read of it."""
    version = registry.make(
        Made(
            run_files={
                "explanations/importances.json": b'{"distance": 3.5, "carrier": 1}',
                "evaluation/d1.csv": b"label,prediction\n1.5,2\n2.5,2\n",
                "evaluation/notes.txt": b"not a table",
                "eval_results_table.json": json.dumps(
                    {"columns": ["target", "outputs"], "data": [[0.0, 0.0]]}
                ).encode(),
            },
            run_tags={
                "mlflow.source.git.commit": "4e1f",
                "mlflow.user": "ada",
                "lakefs.commit": "77ab",
                "lakefs.repository": "flights",
            },
            tags={"git_repository": "github.com/parcels/eta"},
            metrics={"rmse": 1.5, "latency_p50": 0.004, "latency_p99_ms": 31.0},
            trained_on="flights",
        )
    )
    return version, models.details(registry.name, version)


def test_what_it_is_made_of(full: tuple[str, Details]) -> None:
    details = full[1]
    assert details.artifact.startswith("sha256:")
    assert details.size_bytes == sum(map(len, FILES.values()))
    assert details.signature == Signature(
        inputs=(Field("distance", "double"), Field("carrier", "string", required=False)),
        outputs=(Field("", "float64 (-1)"),),
        params=(Field("floor", "double", required=False),),
    )
    assert details.problems == ()


def test_where_it_comes_from(full: tuple[str, Details]) -> None:
    details = full[1]
    run = details.source["training run"]
    assert details.trained_on == "flights (t1)"
    assert {**details.source, "training run": run.endswith(")")} == {
        "git commit": "4e1f",
        "git repository": "github.com/parcels/eta",
        "data version": "lakeFS commit=77ab, repository=flights",
        "training run": True,
        "made by": "ada",
        "framework": "sklearn 1.9.1",
    }


def test_what_was_measured_beside_its_quality(full: tuple[str, Details]) -> None:
    details = full[1]
    assert details.importances == {"distance": 3.5, "carrier": 1.0}
    assert details.timings == {"p50": 0.004, "p99": 0.031}


def test_the_models_own_description_is_the_card_where_it_has_no_other(
    full: tuple[str, Details],
) -> None:
    assert full[1].card == "Minutes in the air."


def test_the_predictions_are_found_by_the_digest_of_their_data(
    registry: Registry, models: MlflowModels, full: tuple[str, Details]
) -> None:
    """The table that MLflow's evaluation left on the same data gives way to the convention."""
    found = models.predictions(registry.name, full[0])
    assert {digest: set(frame) for digest, frame in found.items()} == {
        "d1": {"label", "prediction"}
    }
    assert found["d1"]["label"].tolist() == [1.5, 2.5]


def test_read_again_it_is_the_same(
    registry: Registry, models: MlflowModels, full: tuple[str, Details]
) -> None:
    assert models.details(registry.name, full[0]) == full[1]


def test_a_card_among_the_files_goes_before_a_description(
    registry: Registry, models: MlflowModels
) -> None:
    made = Made(
        files={**FILES, "Model_Card.md": b"# For parcels\n", "README.md": b"no"},
        description="v2 with weather",
        run_files={"model_explanations_shap/shap_values.npy": npy([[1.0, -2.0], [3.0, 0.0]])},
    )
    details = models.details(registry.name, registry.make(made))
    assert details.card == "# For parcels\n"
    assert details.importances == {"distance": 2.0, "carrier": 1.0}


def test_a_card_is_cut_and_this_is_said(registry: Registry, models: MlflowModels) -> None:
    long = ("é" * MOST_CARD_BYTES).encode()
    details = models.details(
        registry.name, registry.make(Made(files={**FILES, "model_card.md": long}))
    )
    assert len(details.card.encode()) == MOST_CARD_BYTES
    assert details.problems == ("model card: cut at 20,000 of 40,000 bytes",)


def test_what_is_broken_is_named_and_the_rest_stands(
    registry: Registry, models: MlflowModels
) -> None:
    broken = Made(
        files={"MLmodel": b"a: [", "model.pkl": b"x"},
        run_files={
            "explanations/importances.json": b'{"distance": "much"}',
            "evaluation/d1.parquet": b"half a file",
        },
    )
    version = registry.make(broken)
    details = models.details(registry.name, version)
    assert details.problems == (
        "MLmodel: it is no YAML",
        "importances: the importance of 'distance' is no number",
    )
    assert details.size_bytes == 5
    assert details.card == "Minutes in the air."
    with pytest.raises(Unavailable, match=r"evaluation/d1.parquet cannot be read"):
        models.predictions(registry.name, version)


def test_a_version_without_files_says_so(registry: Registry, models: MlflowModels) -> None:
    version = registry.make(replace(Made(), files={}))
    details = models.details(registry.name, version)
    assert (details.artifact, details.size_bytes) == ("", None)
    assert details.problems == ("artefact: there are no files",)
