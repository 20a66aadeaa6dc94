"""Labelled scenarios: what goes wrong, when, how badly, and what of it can be seen.

The label is by which team must act (`Side`), and is fixed by what was broken, never by what it
looks like. Severity, onset, noise, gaps, unrelated deploys and missing signals are drawn.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.model_or_infra.serving import DAY, PAST_DAYS, STEP_S, Faults, Floats, simulate
from knowledge.model_or_infra.evidence import Bad, Case, Happened, Kind, Side, Watched, What

START = datetime(2026, 2, 2, tzinfo=UTC)
Random = np.random.Generator


@dataclass(frozen=True)
class Draft:
    """What is broken from when on, before it is simulated."""

    set: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Fault -> (how much, over how many steps it grows to that)."""
    happened: tuple[tuple[What, str], ...] = ()
    """What came with it."""
    falls_back: bool = False
    slow: bool = False
    """It takes most of a day to grow."""


@dataclass(frozen=True)
class Plan:
    """One kind of scenario."""

    name: str
    side: Side
    draw: Callable[[Random], Draft]
    alike: str = ""
    """What it looks like, where that is another side's trouble."""


@dataclass(frozen=True)
class Scenario:
    id: str
    plan: Plan
    case: Case
    began: datetime
    """When it really began."""


def _one(
    low: float, high: float, name: str, steps: float = 1, *happened: tuple[What, str], **more: bool
) -> Callable[[Random], Draft]:
    """A single fault of a size between `low` and `high`."""

    def draw(rng: Random) -> Draft:
        return Draft({name: (rng.uniform(low, high), steps)}, happened, **more)

    return draw


def _all(*parts: Callable[[Random], Draft]) -> Callable[[Random], Draft]:
    """Several faults that come together."""

    def draw(rng: Random) -> Draft:
        drafts = [part(rng) for part in parts]
        faults = {name: how for draft in drafts for name, how in draft.set.items()}
        told = tuple(dict.fromkeys(h for draft in drafts for h in draft.happened))
        back = any(draft.falls_back for draft in drafts)
        return Draft(faults, told, back, any(draft.slow for draft in drafts))

    return draw


_NEW = (What.ALIAS, "eta-model got a new champion")
_TUNED = (What.ALIAS, "the threshold of eta-model was changed")
_OUT = (What.DEPLOY, "the service of eta-model was deployed")
_FEED = (What.UPSTREAM, "the weather feed was deployed")
_HOLIDAY = (What.CALENDAR, "a public holiday")
_SALE = (What.CALENDAR, "a campaign")

worse = _one(5, 14, "worse", 1, _NEW)
heavy = _one(1.9, 3.5, "work", 1, _NEW)
refuses = _one(0.03, 0.3, "refused", 1, _NEW)
concept = _one(9, 22, "concept", 150, slow=True)
shift = _one(0.8, 1.6, "shift", 150, slow=True)
offset = _one(10, 25, "offset", 1, _TUNED)
stolen = _one(0.55, 0.95, "stolen", 2)
leak = _one(0.4, 0.46, "leak", 40)
throttled = _one(0.3, 0.55, "clock", 2)
crowd = _one(1.9, 2.8, "demand", 6)
pods = _one(0.3, 0.55, "workers", 1)
slow_code = _one(1.9, 3.2, "work", 1, _OUT)
bad_code = _one(0.04, 0.3, "broken", 1, _OUT)
slow_store = _one(0.5, 1.6, "store_s", 2)
store_out = _one(0.2, 0.6, "store_down", 1)
units = _one(0.3, 1.0, "units", 1)
units_told = _one(0.3, 1.0, "units", 1, _FEED)
nulls = _one(0.15, 0.7, "missing", 1)
nulls_told = _one(0.15, 0.7, "missing", 1, _FEED)
stale = _one(7, 18, "age", 15)
prepared = _one(0.5, 1.0, "skewed", 1, _OUT)
packets = _one(0.04, 0.25, "lost", 1)
fewer = _one(0.45, 0.7, "demand", 12, _HOLIDAY)
more = _one(1.2, 1.35, "demand", 12, _SALE)
untold = _one(0.5, 0.75, "demand", 10)
outside = _one(0.6, 0.82, "outside", 20)
mild = _one(0.05, 0.2, "shift", 30)


def _falls_back(draw: Callable[[Random], Draft]) -> Callable[[Random], Draft]:
    return lambda rng: replace(draw(rng), falls_back=True)


def _nothing(rng: Random) -> Draft:
    return Draft()


M, I, B, N = Side.MODEL, Side.INFRASTRUCTURE, Side.BOTH, Side.NEITHER  # noqa: E741
PLANS: tuple[Plan, ...] = (
    Plan("a new version answers worse", M, worse),
    Plan("a new version is heavier", M, heavy, "infrastructure: latency, CPU and queue"),
    Plan("a new version fails on some requests", M, refuses, "infrastructure: errors"),
    Plan("the world changed, inputs did not", M, concept),
    Plan("the mix of inputs moved", M, shift),
    Plan("a threshold was set wrongly", M, offset),
    Plan("a new version is heavier and worse", M, _all(worse, heavy)),
    Plan("a neighbour takes the CPU", I, stolen),
    Plan("memory leaks", I, leak),
    Plan("a GPU throttles", I, throttled),
    Plan("too many requests", I, crowd),
    Plan("pods are lost", I, pods),
    Plan("a deploy slows the service", I, slow_code),
    Plan("a deploy breaks requests", I, bad_code),
    Plan("the feature store is slow", I, slow_store),
    Plan("the feature store fails", I, store_out),
    Plan("the network loses packets", I, packets),
    Plan("timeouts fall back to a default", I, _falls_back(slow_store), "model: its answers moved"),
    Plan("a failing store falls back to a default", I, _falls_back(store_out), "model: answers"),
    Plan("throttling falls back to a default", I, _falls_back(throttled), "model: answers"),
    Plan("a feed changes units", I, units, "model: drift"),
    Plan("a feed changes units after a deploy", I, units_told, "model: drift"),
    Plan("a feed loses values", I, nulls, "model: drift and worse answers"),
    Plan("a feed loses values after a deploy", I, nulls_told, "model: drift and worse answers"),
    Plan("features are stale", I, stale, "model: drift and worse answers"),
    Plan("a deploy prepares inputs wrongly", I, prepared, "model: drift and worse answers"),
    Plan("worse version and throttled GPU", B, _all(worse, throttled)),
    Plan("worse version and failing store", B, _all(worse, store_out)),
    Plan("moved mix and broken deploy", B, _all(shift, bad_code)),
    Plan("changed world and lost packets", B, _all(concept, packets)),
    Plan("worse version and leak", B, _all(worse, leak)),
    Plan("wrong threshold and too many requests", B, _all(offset, crowd)),
    Plan("a holiday", N, fewer, "infrastructure: volume and business fall"),
    Plan("fewer requests, nobody said why", N, untold, "infrastructure: volume and business fall"),
    Plan("a campaign within capacity", N, _all(more, mild), "infrastructure: volume"),
    Plan("business falls for a reason outside", N, outside, "model: business falls"),
    Plan("nothing: one noisy reading", N, _nothing),
)

SEEN: dict[str, tuple[Kind, Bad, str, float]] = {
    # series: (kind, which way is worse, unit, noise as a share)
    "latency": (Kind.LATENCY, Bad.UP, "s", 0.05),
    "errors": (Kind.ERRORS, Bad.UP, "%", 0.15),
    "fallback": (Kind.FALLBACK, Bad.UP, "%", 0.15),
    "cpu": (Kind.CPU, Bad.UP, "%", 0.03),
    "memory": (Kind.MEMORY, Bad.UP, "%", 0.01),
    "gpu clock": (Kind.GPU, Bad.DOWN, "MHz", 0.01),
    "gpu busy": (Kind.GPU_LOAD, Bad.UP, "%", 0.04),
    "queue": (Kind.QUEUE, Bad.UP, "", 0.1),
    "volume": (Kind.VOLUME, Bad.EITHER, "/s", 0.03),
    "feature age": (Kind.FRESHNESS, Bad.UP, "h", 0.1),
    "missing": (Kind.QUALITY, Bad.UP, "%", 0.0),
    "drift": (Kind.INPUTS, Bad.UP, "PSI", 0.0),
    "prediction drift": (Kind.PREDICTIONS, Bad.UP, "PSI", 0.0),
    "realised rmse": (Kind.REALISED, Bad.UP, "", 0.0),
    "estimated rmse": (Kind.ESTIMATED, Bad.UP, "", 0.0),
    "business": (Kind.BUSINESS, Bad.DOWN, "/min", 0.04),
    "feature store p99": (Kind.NEIGHBOURS, Bad.UP, "s", 0.06),
}


def scenarios(seed: int, each: int) -> Iterator[Scenario]:
    """`each` of every kind. Seeds of tuning and of the figure must differ."""
    for number, plan in enumerate(PLANS):
        for k in range(each):
            rng = np.random.default_rng([seed, number, k])
            yield scenario(f"{seed}-{number:02d}-{k}", plan, rng)


def scenario(id: str, plan: Plan, rng: Random) -> Scenario:
    draft = plan.draw(rng)
    # What has not grown yet is no trouble anybody asks about.
    grown = max((over for _, over in draft.set.values()), default=0)
    lasted = int(max(rng.uniform(130, 260) if draft.slow else rng.uniform(10, 48), 0.9 * grown))
    steps = PAST_DAYS * DAY + int(rng.uniform(0, DAY)) + lasted
    first = steps - lasted
    faults = Faults(steps, _grown(draft, steps, first, rng), draft.falls_back)
    shown = simulate(faults, rng, rows=int(rng.choice([250, 500, 1000])))
    now, began = _moment(steps), _moment(first)
    lead = timedelta(seconds=STEP_S * rng.uniform(6, 30))
    asked = frozenset(What) if rng.random() < 0.9 else frozenset(What) - {What.ALIAS}
    happened = _happened(draft, first, steps, rng)
    case = Case(
        now=now,
        began=began - lead,
        watched=_measured(shown.series, draft, rng),
        happened=tuple(h for h in happened if h.what in asked),
        asked=asked,
        about="eta-model",
    )
    return Scenario(id, plan, case, began)


def _grown(draft: Draft, steps: int, first: int, rng: Random) -> dict[str, Floats]:
    """Each fault over time. Two that are independent begin up to an hour apart; those that came
    with one change begin with it."""
    together = len(draft.happened) == 1 and len(draft.set) > 1
    found: dict[str, Floats] = {}
    factors = {"demand", "workers", "work", "clock", "outside"}
    for number, (name, (size, over)) in enumerate(draft.set.items()):
        begun = first if together or not number else first + int(rng.uniform(0, 12))
        t = np.arange(steps) - begun
        risen = np.clip(t / max(over, 1), 0, 1) * (t >= 0)
        neutral = 1.0 if name in factors else 0.0
        found[name] = neutral + (size - neutral) * risen
    return found


def _happened(draft: Draft, first: int, steps: int, rng: Random) -> tuple[Happened, ...]:
    """What came with the fault, mostly told, and what has nothing to do with it."""
    found = [
        Happened(what, _moment(first - rng.uniform(0, 1.5)), says)
        for what, says in draft.happened
        if rng.random() < 0.93
    ]
    for (what, says), often in ((_OUT, 0.2), (_FEED, 0.12), (_NEW, 0.1)):
        if rng.random() < often:
            found.append(Happened(what, _moment(steps - rng.uniform(4, 400)), says))
    return tuple(sorted(found, key=lambda h: h.at))


def _measured(
    series: Mapping[str, tuple[Floats, Floats]], draft: Draft, rng: Random
) -> tuple[Watched, ...]:
    """What monitors show of it: with noise, spikes and gaps, and some of it not at all."""
    lost = float(rng.choice([0.05, 0.15, 0.35]))
    labels_late = int(rng.choice([0, 2, 12, 10_000]))
    breadth = float(np.mean(series["moved"][1][-2:]))
    found: list[Watched] = []
    for name, (kind, bad, unit, noise) in SEEN.items():
        if rng.random() < lost or (kind is Kind.FALLBACK and not draft.falls_back):
            continue
        steps, values = series[name]
        if kind is Kind.REALISED:
            kept = len(values) - labels_late
            if kept < 8:
                continue
            steps, values = steps[:kept], values[:kept]
        values = _noisy(values, noise, spiky=len(values) > 200, rng=rng)
        seen = rng.random(len(values)) > 0.01
        times = START.timestamp() + steps[seen] * STEP_S
        moved = breadth if kind is Kind.INPUTS else None
        found.append(Watched(kind, name, times, values[seen], bad, unit, moved))
    return tuple(found)


def _noisy(values: Floats, noise: float, *, spiky: bool, rng: Random) -> Floats:
    """Noise of measuring; now and then, and near the end once in a while, a spike."""
    n = len(values)
    noisy = values * np.exp(rng.normal(0, noise, n)) if noise else values.copy()
    if spiky:
        hit = rng.random(n) < 0.002
        if rng.random() < 0.15:
            hit[-int(rng.uniform(2, 30))] = True
        noisy = np.where(hit, noisy * rng.uniform(1.3, 2.5, n), noisy)
    return noisy


def _moment(step: float) -> datetime:
    return START + timedelta(seconds=step * STEP_S)
