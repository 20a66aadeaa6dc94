"""A small serving stack that can be broken: the demo's eta-model, its machines and what feeds it.

Written from how such a stack behaves, before and without the judge: requests come by the hour of
the day, workers are busy by load and speed, queues grow as a server of finite capacity lets them,
what takes too long times out or is answered by a default, inputs reach the model as the pipeline
delivers them, and answers are compared with what really happened once that is known. What monitors
would show follows from that and from noise. Nothing here knows what is made of it.

The queue is M/M/1's mean number in system, rho / (1 - rho), with a backlog beyond capacity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEP_S = 300.0
DAY = 288
"""Steps of a day."""
PAST_DAYS = 4
LOOK = 6
"""Steps between two looks at the model's log: half an hour."""
LOOKED_DAYS = 2
"""How far back looks are known."""

RATE, SECONDS, WORKERS_RATE = 90.0, 0.075, 190.0
"""Requests a second, p99 at rest, what the workers can do at most."""
TIMEOUT_S = 0.8
INPUTS = ("distance", "dep_delay", "temp", "wind_speed", "visib", "hour")
MEDIAN_MINUTES = 120.0


@dataclass(frozen=True)
class Faults:
    """What is wrong at each step; arrays of shape (steps,), neutral where nothing is said."""

    steps: int
    set: Mapping[str, Floats] = field(default_factory=dict)
    falls_back: bool = False
    """Is a request that fails or takes too long answered by a default?"""

    def of(self, name: str) -> Floats:
        neutral = 1.0 if name in _FACTORS else 0.0
        return self.set.get(name, np.full(self.steps, neutral))


_FACTORS = ("demand", "workers", "work", "clock", "outside")
"""Times the usual; the others are added shares, seconds or hours:

stolen        share of CPU that others on the node take
leak          share of memory more than usual
store_s       seconds that the feature store takes more
store_down    share of reads of features that fail
broken        share of requests that the serving code fails
refused       share of requests that this version of the model fails
lost          share of packets that the network loses
missing       share of rows without weather
units         share of rows with weather in other units
skewed        share of rows that the serving code prepares wrongly
age           hours that the weather is older than usual
shift         how far the world's mix has moved, 1 = clearly
concept       minutes that flights take longer than the same inputs meant before
worse         standard deviation, in minutes, that this version errs more
offset        minutes that a setting adds to each answer
"""


@dataclass(frozen=True)
class Shown:
    """What is measured: series by name, (times in steps, values)."""

    series: Mapping[str, tuple[Floats, Floats]]


def simulate(faults: Faults, rng: np.random.Generator, rows: int = 500) -> Shown:
    """All that could be seen, before noise of measuring and before anything is lost."""
    t = np.arange(faults.steps, dtype=np.float64)
    day = (
        1 + 0.35 * np.sin((t / DAY - 0.33) * 2 * np.pi) + 0.1 * np.sin((t / DAY - 0.1) * 4 * np.pi)
    )
    served = _serve(faults, day, rng)
    looks = np.arange(faults.steps - LOOKED_DAYS * DAY, faults.steps, LOOK)
    seen = _look(faults, served["fallback"], looks, rows, rng)
    quality = np.interp(t, looks, seen["true error"])
    usual = float(np.median(seen["true error"][: len(looks) // 2]))
    hurt = np.clip(quality / usual - 1, 0, 1.5)
    slow = np.clip((served["latency"] - 0.4) / TIMEOUT_S, 0, 1)
    business = 240 * day * faults.of("outside") * faults.of("demand")
    business = business * (1 - 0.9 * served["errors"]) * (1 - 0.28 * hurt) * (1 - 0.3 * slow)
    series = {name: (t, values) for name, values in served.items()}
    series["business"] = (t, business)
    at = looks.astype(np.float64)
    series |= {name: (at, values) for name, values in seen.items() if name != "true error"}
    return Shown(series)


def _serve(faults: Faults, day: Floats, rng: np.random.Generator) -> dict[str, Floats]:
    demand = RATE * day * faults.of("demand") * np.exp(rng.normal(0, 0.03, faults.steps))
    clock, stolen = faults.of("clock"), faults.of("stolen")
    speed = faults.of("work") / (clock * (1 - 0.75 * stolen))
    capacity = WORKERS_RATE * faults.of("workers") / speed
    load = demand / capacity
    queue = _queue(demand, capacity)
    store = 0.01 + faults.of("store_s")
    wait = np.minimum(queue / capacity * 4, 5.0)
    latency = SECONDS * (0.35 + 0.65 * speed) + wait + store + 0.4 * faults.of("lost")
    slow = 0.6 / (1 + np.exp(-(latency - TIMEOUT_S) / 0.12))
    memory = 0.52 + 0.05 * (day - 1) + faults.of("leak")
    killed = np.where(memory > 0.96, 0.06, 0.0)
    own = 0.002 + faults.of("broken") + faults.of("refused") + faults.of("lost") + killed
    store_down = faults.of("store_down")
    failing = np.clip(slow + store_down, 0, 1)
    errors = np.clip(own + (0 if faults.falls_back else failing), 0, 1)
    fallback = failing if faults.falls_back else np.zeros_like(failing)
    retried = 1 + 0.4 * np.clip(errors - 0.02, 0, 1)
    others = 1 + 6 * faults.of("store_s") + 4 * store_down + 8 * faults.of("lost") + 0.8 * stolen
    return {
        "latency": latency,
        "errors": errors,
        "fallback": fallback,
        "cpu": np.clip(0.22 + 0.5 * np.minimum(load, 1) + 0.5 * stolen, 0, 1),
        "memory": np.clip(memory, 0, 0.99),
        "gpu clock": 1410 * clock,
        "gpu busy": np.clip(0.1 + 0.75 * load, 0, 1),
        "queue": queue,
        "volume": demand * retried * (1 - 0.6 * faults.of("lost")),
        "feature age": 0.4 + faults.of("age"),
        "feature store p99": 0.02 * others,
    }


def _queue(demand: Floats, capacity: Floats) -> Floats:
    waiting, found = 0.0, np.empty_like(demand)
    for i, (comes, goes) in enumerate(zip(demand, capacity, strict=True)):
        waiting = min(max(waiting + (comes - goes) * STEP_S, 0.0), 4000.0)
        rho = min(comes / goes, 0.97)
        found[i] = rho / (1 - rho) + waiting
    return found


# The model's log ---------------------------------------------------------------------------------


def _look(
    faults: Faults, fallback: Floats, looks: NDArray[np.int64], rows: int, rng: np.random.Generator
) -> dict[str, Floats]:
    reference = _flights(4000, np.full(4000, 12.0) + rng.uniform(-12, 12, 4000), 0.0, rng)
    answered = _answer(reference)
    known = {name: _Deciles.of(reference[name]) for name in INPUTS[:-1]}
    own = _Deciles.of(answered)
    names = ("drift", "moved", "prediction drift", "missing", "realised rmse", "estimated rmse")
    found: dict[str, list[float]] = {name: [] for name in (*names, "true error")}
    for step in looks:
        n = max(int(rows * rng.uniform(0.7, 1.3)), 60)
        at = {name: float(faults.of(name)[step]) for name in _OF_LOG}
        hours = np.full(n, step % DAY / 12.0) + rng.uniform(-6, 6, n)
        real = _flights(n, hours, at["shift"], rng)
        fed, gone = _fed(real, at, rng)
        given = _answer(fed) + rng.normal(0, 1, n) * at["worse"] + 0.4 * at["worse"] + at["offset"]
        default = rng.random(n) < float(fallback[step])
        given = np.where(default, MEDIAN_MINUTES, given)
        truth = _answer(real) + at["concept"] + rng.normal(0, 1, n) * _spread(real)
        psi = {name: deciles.psi(fed[name]) for name, deciles in known.items()}
        found["drift"].append(max(psi.values()))
        found["moved"].append(sum(value > 0.1 for value in psi.values()) / len(psi))
        found["prediction drift"].append(own.psi(given))
        found["missing"].append(float(np.mean(gone)))
        error = float(np.sqrt(np.mean((given - truth) ** 2)))
        found["true error"].append(error)
        found["realised rmse"].append(error)
        found["estimated rmse"].append(_estimated(fed))
    return {name: np.array(values) for name, values in found.items()}


_OF_LOG = ("shift", "missing", "units", "skewed", "age", "concept", "worse", "offset")


def _flights(n: int, hours: Floats, shift: float, rng: np.random.Generator) -> dict[str, Floats]:
    warm = 8 * np.sin((hours - 9) / 24 * 2 * np.pi)
    return {
        "distance": rng.lognormal(6.75 + 0.3 * shift, 0.5, n),
        "dep_delay": rng.exponential(12 * (1 + 0.8 * shift), n),
        "temp": rng.normal(55 - 16 * shift, 14, n) + 0.3 * warm,
        "wind_speed": np.abs(rng.normal(10 + 5 * shift, 5, n)),
        "visib": np.minimum(10, 10 - rng.exponential(0.8 + 0.6 * shift, n)),
        "hour": hours,
    }


def _fed(
    real: dict[str, Floats], at: Mapping[str, float], rng: np.random.Generator
) -> tuple[dict[str, Floats], NDArray[np.bool_]]:
    """What reaches the model, and which rows came without weather (filled with the median)."""
    n = len(real["temp"])
    fed = dict(real)
    other = rng.random(n) < at["units"]
    fed["temp"] = np.where(other, (real["temp"] - 32) / 1.8, real["temp"])
    fed["wind_speed"] = np.where(other, real["wind_speed"] * 1.61, real["wind_speed"])
    fed["visib"] = np.where(other, real["visib"] * 1.61, real["visib"])
    stale = min(at["age"] / 12, 1.0)
    if stale > 0.05:  # The weather of one moment, for all.
        frozen = rng.random(n) < stale
        fed["temp"] = np.where(frozen, 63.0 + rng.normal(0, 2, n), fed["temp"])
        fed["wind_speed"] = np.where(frozen, 6.0 + rng.normal(0, 0.7, n), fed["wind_speed"])
    skewed = rng.random(n) < at["skewed"]
    fed["dep_delay"] = np.where(skewed, real["dep_delay"] * 3.0, fed["dep_delay"])
    fed["distance"] = np.where(skewed, real["distance"] * 0.8, fed["distance"])
    gone = rng.random(n) < 0.004 + at["missing"]
    for name, median in (("temp", 55.0), ("wind_speed", 10.0), ("visib", 9.4)):
        fed[name] = np.where(gone, median, fed[name])
    return fed, gone


def _answer(x: Mapping[str, Floats]) -> Floats:
    weather = -0.35 * x["temp"] + 1.3 * x["wind_speed"] - 2.0 * x["visib"]
    return np.asarray(45 + 0.1 * x["distance"] + 0.35 * x["dep_delay"] + weather)


def _spread(x: Mapping[str, Floats]) -> Floats:
    return 6 + 0.006 * x["distance"]


def _estimated(fed: Mapping[str, Floats]) -> float:
    """What a model of its errors, learned on the reference, expects of these inputs."""
    far = np.abs(fed["temp"] - 55) / 14 + np.abs(fed["wind_speed"] - 10) / 5
    expected = _spread(fed) * (1 + 0.05 * np.clip(far - 2, 0, 4))
    return float(np.sqrt(np.mean(expected**2)))


@dataclass(frozen=True)
class _Deciles:
    """A column of the reference: nine edges, and the share in each of ten bins."""

    edges: Floats
    shares: Floats
    rows: int

    @classmethod
    def of(cls, values: Floats) -> "_Deciles":
        edges = np.quantile(values, np.linspace(0.1, 0.9, 9))
        return cls(edges, cls._shares(edges, values), len(values))

    @staticmethod
    def _shares(edges: Floats, values: Floats) -> Floats:
        counts = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1) + 0.5
        return np.asarray(counts / counts.sum())

    def psi(self, current: Floats) -> float:
        """Population stability index with +0.5 smoothing, less its bias by chance."""
        p, q = self.shares, self._shares(self.edges, current)
        bias = (len(p) - 1) * (1 / self.rows + 1 / len(current))
        return float(max(np.sum((q - p) * np.log(q / p)) - bias, 0.0))
