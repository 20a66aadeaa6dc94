"""What MLflow's answers say of a version, as our records. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from knowledge.records import Evaluation

TRAINING = ("train", "training")

_TIMING = re.compile(r"(?:.*/)?latency_(p\d+)(_ms)?")
_COMMITS = ("mlflow.source.git.commit", "git_commit", "git.commit", "commit")
_REPOSITORIES = ("mlflow.source.git.repoURL", "git_repository", "git.repository", "git_repo")
_DATA = ("data_version", "dataset_version")
_DATA_TOOLS = {"dvc": "DVC", "lakefs": "lakeFS"}


def measured_on(inputs: Iterable[Any]) -> tuple[str, str]:
    """Name and digest of the data a run was measured on: the one input that is not marked as
    training data, or the only input there is."""
    every = list(inputs)
    measured = [i for i in every if _purpose(i) not in TRAINING]
    for candidates in (measured, every):
        if len(candidates) == 1:
            return candidates[0].dataset.name, candidates[0].dataset.digest
    return "", ""


def trained_on(inputs: Iterable[Any]) -> str:
    """ "trips (1a2b3c4d)"; several are joined by commas."""
    found = [i.dataset for i in inputs if _purpose(i) in TRAINING]
    return ", ".join(f"{d.name} ({d.digest})" if d.digest else str(d.name) for d in found)


def inputs_of(run: Any) -> Sequence[Any]:
    return run.inputs.dataset_inputs if run is not None and run.inputs else ()


def run_evaluation(run: Any) -> tuple[Evaluation, ...]:
    """All metrics of a run as one evaluation; none where it has no metrics."""
    dataset, digest = measured_on(inputs_of(run))
    metrics = {str(k): float(v) for k, v in run.data.metrics.items()}
    return (Evaluation(dataset, digest, metrics),) if metrics else ()


def source(
    version: Mapping[str, str], model: Mapping[str, str], run: Any, made_by: str
) -> dict[str, str]:
    """Where a version comes from, by the tags of the version, the logged model and the run; the
    more special ones win. `run` may be None."""
    tags = {**(run.data.tags if run is not None else {}), **model, **version}
    found = {
        "git commit": _first(tags, _COMMITS),
        "git repository": _first(tags, _REPOSITORIES),
        "data version": _first(tags, _DATA) or _data_version(tags),
        "training run": _run_name(run),
        "made by": tags.get("mlflow.user") or _user(run) or made_by,
    }
    return {what: value for what, value in found.items() if value}


def timings(metrics: Mapping[str, float]) -> dict[str, float]:
    """Seconds by percentile from metrics named latency_p50, latency_p99 or, in milliseconds,
    latency_p50_ms."""
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if match := _TIMING.fullmatch(name):
            found[match[1]] = value / 1000 if match[2] else value
    return found


def _purpose(dataset_input: Any) -> str:
    return next((t.value for t in dataset_input.tags if t.key == "mlflow.data.context"), "")


def _first(tags: Mapping[str, str], names: Iterable[str]) -> str:
    return next((tags[name] for name in names if tags.get(name)), "")


def _data_version(tags: Mapping[str, str]) -> str:
    """ "lakeFS commit=4e1, repository=trips": what tags named lakefs.* or dvc_* say."""
    for tool, name in _DATA_TOOLS.items():
        told = {
            key[len(tool) + 1 :]: value
            for key, value in sorted(tags.items())
            if re.match(rf"{tool}[._-]", key, re.IGNORECASE) and value
        }
        if told:
            return f"{name} " + ", ".join(f"{key}={value}" for key, value in told.items())
    return ""


def _run_name(run: Any) -> str:
    if run is None:
        return ""
    name = run.info.run_name
    return f"{name} ({run.info.run_id})" if name else str(run.info.run_id)


def _user(run: Any) -> str:
    return str(run.info.user_id or "") if run is not None else ""
