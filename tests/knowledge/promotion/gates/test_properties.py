"""Whatever the evidence holds, every gate answers, always the same; and better is never worse."""

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.promotion.evidence import Drifted, Evidence, Side
from knowledge.promotion.gates import BUILTIN, judge
from knowledge.promotion.gates.metrics import limits, others, primary
from knowledge.promotion.policy import Policy
from knowledge.records import (
    Details,
    Evaluation,
    Field,
    Frame,
    GateResult,
    Incident,
    Kind,
    Look,
    ModelVersion,
    Purpose,
    Severity,
    Signature,
    Status,
)
from tests.knowledge.promotion.gates.conftest import NOW, evidence, rule, side, under, version

ODD = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1e308, -1e308, 5e-324])
VALUES = st.one_of(st.floats(), ODD, st.floats(0, 1))
NAMES = st.sampled_from(["rmse", "auc", "f1", "rows", "correctness/mean", "", "µ", "a: b"])
FIGURES = st.dictionaries(NAMES, VALUES, max_size=4)
TEXTS = st.one_of(st.just(""), st.text(max_size=30), st.just("# Uses\n" * 3))
DIGESTS = st.sampled_from(["", "aaa", "bbb"])
TIMES = st.timedeltas(timedelta(days=-9000), timedelta(days=9000)).map(lambda d: NOW + d)


def columns(rows: int, seed: int, kind: int) -> Frame:
    """A log of `rows` rows in one of several states of disrepair."""
    rng = np.random.default_rng(seed)
    label: Any = rng.integers(0, 2, rows)
    said: Any = rng.random(rows)
    frames: list[Frame] = [
        {"label": label, "probability": said, "g": label.astype(str).astype(object)},
        {"label": label, "prediction": label, "g": said},
        {"label": said * 1e308, "prediction": -said * 1e308, "g": label},
        {"label": np.full(rows, np.nan), "probability": said},
        {"label": np.array([None, "x", 3.5, True] * rows, dtype=object)[:rows], "prediction": said},
        {"label": np.zeros(rows), "probability": said, "row": np.arange(rows)},
        {"label": label, "probability": np.where(said > 0.5, np.nan, np.inf)},
        {"prediction": said},
        {"label": label, "probability": said[: rows // 2]},
        {},
    ]
    return frames[kind]


FRAMES = st.builds(columns, st.sampled_from([0, 1, 150, 600]), st.integers(0, 3), st.integers(0, 9))
FIELDS = st.lists(
    st.builds(Field, NAMES, st.sampled_from(["long", "double", "float32 (-1, 3)", "(", ""])),
    max_size=3,
).map(tuple)
DETAILS = st.builds(
    Details,
    size_bytes=st.one_of(st.none(), st.integers(-1, 10**18)),
    signature=st.one_of(st.none(), st.builds(Signature, FIELDS, FIELDS, FIELDS)),
    card=TEXTS,
    source=st.dictionaries(st.sampled_from(["git commit", "made by"]), TEXTS),
    timings=st.dictionaries(st.sampled_from(["p50", "p99", "p: 1"]), VALUES),
    problems=st.lists(TEXTS, max_size=1).map(tuple),
)


@st.composite
def sides(draw: st.DrawFn) -> Side:
    digest = draw(DIGESTS)
    of = ModelVersion(
        "m",
        draw(st.sampled_from(["3", "5", "2.1", ""])),
        draw(TIMES),
        metrics=draw(FIGURES),
        dataset_digest=digest,
        evaluations=(Evaluation("other", draw(DIGESTS), draw(FIGURES)),),
    )
    return Side(of, draw(DETAILS), draw(st.dictionaries(st.just(digest), FRAMES)))


def look(end: datetime, version_: str, rows: int) -> Look:
    return Look("m", end, end, end, rows, "stable", version_, findings=("auc fell",) * (rows % 2))


INCIDENT = st.sampled_from(Severity).map(
    lambda s: Incident("INC-1", "Slow", "m", s, Status.OPEN, NOW, NOW)
)
EVIDENCE = st.builds(
    Evidence,
    at=st.just(NOW),
    purpose=st.sampled_from(Purpose),
    challenger=sides(),
    champion=st.one_of(st.none(), sides()),
    kind=st.sampled_from(Kind),
    policy=st.builds(
        Policy,
        primary=st.sampled_from(["", "auc", "nothing"]),
        min_gain=st.floats(0, 1),
        gates=st.just({"latency": rule(p99_ms=5), "size": rule(most_mb=1)}),
    ),
    served_before=st.booleans(),
    incidents=st.lists(INCIDENT, max_size=2).map(tuple),
    drift=st.one_of(
        st.none(),
        st.builds(Drifted, st.sampled_from(["stable", "drifting", "?"]), TEXTS, rows=st.just(9)),
    ),
    look=st.one_of(
        st.none(), st.builds(look, TIMES, st.sampled_from(["3", ""]), st.integers(0, 3))
    ),
    positive=st.sampled_from(["", "1", "x"]),
    slices=st.sampled_from([(), ("g",), ("g", "nothing")]),
    groups=st.sampled_from([(), ("g",)]),
    problems=st.dictionaries(st.sampled_from(["drift", "incidents"]), TEXTS, max_size=1),
)


@settings(max_examples=80, deadline=None)
@given(EVIDENCE)
def test_every_gate_answers_to_any_evidence_and_always_the_same(given: Evidence) -> None:
    gates = judge(given, BUILTIN)
    assert gates
    assert gates[0].name == "champion"
    assert not [g for g in gates if "the gate itself failed" in g.detail]
    assert all(g.detail and "\n" not in g.name for g in gates)
    assert [repr(g) for g in judge(given, BUILTIN)] == [repr(g) for g in gates]


@given(
    st.sampled_from(["rmse", "auc"]),
    st.floats(0.01, 100),
    st.floats(0.01, 100),
    st.floats(0, 50),
    st.floats(0, 1),
)
def test_a_better_challenger_passes_what_a_worse_one_passed(
    metric: str, champion: float, challenger: float, step: float, asked: float
) -> None:
    """Of the metric gates: a step to the better never turns a pass into anything else."""
    better = challenger + step if metric == "auc" else challenger - min(step, challenger)

    def passed(value: float) -> set[str]:
        old = {metric: champion, f"other_{metric}": champion}
        new = {metric: value, f"other_{metric}": value}
        asks = {("at_least" if metric == "auc" else "at_most"): {metric: champion}}
        of = evidence(side(version("3", "aaa", **old)), side(version("5", "aaa", **new)))
        ruled = under(replace(of, policy=Policy(min_gain=asked)), limits=rule(**asks))
        gates = judge(ruled, [primary, others, limits])
        assert len(gates) == 3
        return {g.name for g in gates if g.result is GateResult.PASS}

    assert passed(challenger) <= passed(better)
