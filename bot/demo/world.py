"""Northwind Parcel, simulated: services whose metrics move, and ways to break them.

What a metric reads at a moment follows from the breakages that were pressed and from nothing else,
so the scrape, the panel and the tests see the same world.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from math import pi, sin
from threading import Lock
from zlib import crc32

LASTS = timedelta(minutes=4)
"""How long something stays broken when nobody mends it."""

RISE = timedelta(seconds=4)
"""How long an effect takes to reach its full height."""


@dataclass(frozen=True)
class Service:
    """A service at rest: requests a second, p99 in seconds, share of errors, and its zone."""

    name: str
    team: str
    rate: float
    p99: float
    errors: float
    zone: str
    calls: tuple[str, ...] = ()
    """The services it cannot do without."""


SERVICES = (
    Service(
        "checkout-api",
        "checkout",
        140,
        0.210,
        0.002,
        "eu-1a",
        ("payments", "pricing", "label-service", "auth"),
    ),
    Service("payments", "payments", 38, 0.340, 0.001, "eu-1a"),
    Service("pricing", "checkout", 120, 0.060, 0.001, "eu-1a"),
    Service("label-service", "shipping", 52, 0.180, 0.003, "eu-1b", ("depot-gateway",)),
    Service("route-planner", "routing", 31, 0.420, 0.002, "eu-1b", ("depot-gateway",)),
    Service("tracking-api", "tracking", 310, 0.090, 0.001, "eu-1b", ("depot-gateway", "eta-model")),
    Service("depot-gateway", "depots", 75, 0.150, 0.004, "eu-1b"),
    Service("notify", "tracking", 44, 0.130, 0.002, "eu-1c", ("tracking-api",)),
    Service("auth", "platform", 205, 0.045, 0.001, "eu-1a"),
    Service("search", "tracking", 60, 0.110, 0.001, "eu-1c", ("tracking-api",)),
    Service("eta-model", "ml-platform", 90, 0.075, 0.001, "eu-1c"),
)

GPUS = ("gpu-1", "gpu-2", "gpu-3", "gpu-4")
PODS = 3
GPU_CLOCK_MHZ = 1410.0


@dataclass(frozen=True)
class Effect:
    """What a breakage does to one metric of one service, some time after it began."""

    service: str
    metric: str
    """"p99" is multiplied, "clock" and "orders" lose this share, the others ("errors", "pods",
    "drift") are set to it."""
    by: float
    after: timedelta = timedelta(0)


@dataclass(frozen=True)
class Breakage:
    """Something a visitor may break."""

    id: str
    title: str
    description: str
    effects: tuple[Effect, ...]
    change: str = ""
    """A deploy that goes with it: "service version summary"."""


def _storm() -> tuple[Effect, ...]:
    """The network of zone eu-1b loses packets: whatever runs there fails, callers slow down."""
    here = [s for s in SERVICES if s.zone == "eu-1b"]
    callers = [s for s in SERVICES if s.name in ("checkout-api", "notify", "search")]
    return (
        *(Effect(s.name, "errors", 0.34, timedelta(seconds=2 * i)) for i, s in enumerate(here)),
        *(Effect(s.name, "p99", 14.0, timedelta(seconds=2 * i)) for i, s in enumerate(here)),
        *(Effect(s.name, "pods", 1.0, timedelta(seconds=6 + i)) for i, s in enumerate(here)),
        *(Effect(s.name, "p99", 10.0, timedelta(seconds=9 + i)) for i, s in enumerate(callers)),
    )


BREAKAGES = (
    Breakage(
        "latency",
        "Slow payment provider",
        "The provider behind payments answers in seconds; checkout slows down and orders time out.",
        (
            Effect("payments", "p99", 9.0),
            Effect("payments", "errors", 0.12, timedelta(seconds=12)),
            # All that payments is slower, since its slowest requests wait for it.
            Effect("checkout-api", "p99", 13.5, timedelta(seconds=4)),
            Effect("checkout-api", "errors", 0.055, timedelta(seconds=8)),
        ),
    ),
    Breakage(
        "deploy",
        "Bad deploy",
        "checkout-api 4.12.0 goes out and every fifth order fails.",
        (Effect("checkout-api", "errors", 0.21), Effect("checkout-api", "p99", 1.6)),
        change="checkout-api 4.12.0 new coupon rules, behind no flag",
    ),
    Breakage(
        "orders",
        "Orders fall quietly",
        "A coupon box hides the button on small screens: a third fewer orders, and no rule alerts.",
        (Effect("checkout-api", "orders", 0.34),),
        change="checkout-api 4.11.3 coupon box above the button",
    ),
    Breakage(
        "drift",
        "Drift in a model's inputs",
        "The weather feed switches to metric units: eta-model is fed values it never learned.",
        (Effect("eta-model", "drift", 1.0),),
    ),
    Breakage(
        "release",
        "The new champion is worse",
        "Whichever version of eta-model serves answers late and fails on some flights: press it "
        "after a promotion, and the watch over the new champion says so.",
        (Effect("eta-model", "p99", 6.0), Effect("eta-model", "errors", 0.06)),
    ),
    Breakage(
        "by-hand",
        "Somebody moves the champion by hand",
        "In MLflow itself, past Tandem and everybody's eyes: eta-model v3 serves from now on.",
        (),
    ),
    Breakage(
        "gpu",
        "Slow GPU",
        "gpu-3 overheats and throttles: eta-model answers late, though nothing about it changed.",
        (Effect("gpu-3", "clock", 0.71), Effect("eta-model", "p99", 16.0, timedelta(seconds=5))),
    ),
    Breakage(
        "storm",
        "Alert storm",
        "Zone eu-1b loses packets. Four services fail, three more slow down, everything alerts.",
        _storm(),
    ),
)


@dataclass
class World:
    """The state: which breakages began when. Safe to use from several threads."""

    broken: dict[str, datetime] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def break_(self, breakage_id: str, now: datetime) -> Breakage:
        """Raises KeyError for an unknown id."""
        breakage = next((b for b in BREAKAGES if b.id == breakage_id), None)
        if breakage is None:
            raise KeyError(breakage_id)
        with self._lock:
            self.broken[breakage_id] = now
        return breakage

    def mend(self) -> None:
        """All is well again at once."""
        with self._lock:
            self.broken.clear()

    def active(self, now: datetime) -> dict[str, datetime]:
        """Breakages in force, with their beginnings."""
        with self._lock:
            over = [b for b, began in self.broken.items() if now - began > LASTS]
            for breakage_id in over:
                del self.broken[breakage_id]
            return dict(self.broken)

    def strength(self, service: str, metric: str, now: datetime) -> float:
        """0 when nothing touches it; else the largest effect, risen as far as it has by now."""
        return max(self._effects(service, metric, now), default=0.0)

    def _effects(self, service: str, metric: str, now: datetime) -> Iterator[float]:
        active = self.active(now)
        for breakage in BREAKAGES:
            began = active.get(breakage.id)
            for effect in breakage.effects if began else ():
                since = now - began - effect.after  # type: ignore[operator]
                if (effect.service, effect.metric) == (service, metric) and since >= timedelta(0):
                    yield effect.by * min(1.0, since / RISE)


SHOP = "checkout-api"
JOB = "northwind"
"""Prometheus's name for what it scrapes here."""
ORDERS = "northwind_orders_per_minute"
"""Orders of the last full minute: a figure with days and weeks in it that no rule watches."""


P99, ERROR_SHARE = "northwind_request_p99_seconds", "northwind_error_ratio"
RATE, GPU_TEMPERATURE = "northwind_requests_per_second", "DCGM_FI_DEV_GPU_TEMP"
MODEL_SERVICE = "eta-model"


def orders_per_minute(now: datetime) -> float:
    """A shop's week: quiet before dawn, two tops a day, slower at weekends, never twice the same.
    One value for each minute."""
    minute = int(now.timestamp() // 60)
    hour = minute % 1440 / 60
    day = 1 + 0.34 * sin((hour - 8) / 24 * 2 * pi) + 0.12 * sin((hour - 5) / 12 * 2 * pi)
    # Highest on Wednesdays; the epoch began on a Thursday.
    week = 1 + 0.1 * sin((minute / 1440 + 2.25) / 7 * 2 * pi)
    drawn = blake2b(b"%d" % minute, digest_size=8).digest()
    chance = sum(drawn[i] + drawn[i + 1] for i in (0, 2, 4, 6)) / 1020 - 1
    return 240 * day * week * (1 + 0.15 * chance)


Reading = tuple[str, Mapping[str, str], float]
"""A metric's name, its labels, its value."""


def readings(world: World, now: datetime) -> list[Reading]:
    """All that Northwind's exporters show at a moment."""
    found = [one for service in SERVICES for one in _of_service(world, service, now)]
    for gpu in GPUS:
        factor = 1 - world.strength(gpu, "clock", now)
        pod = f"eta-model-{gpu[-1]}"
        labels = {"node": gpu, "gpu": "0", "pod": pod, "service": "eta-model"}
        hot = 88.0 if factor < 0.9 else 64.0
        found += [
            ("DCGM_FI_DEV_SM_CLOCK", labels, GPU_CLOCK_MHZ * factor),
            (GPU_TEMPERATURE, labels, hot * _wobble(gpu, now)),
        ]
    return found


def _of_service(world: World, service: Service, now: datetime) -> Iterator[Reading]:
    labels = {"service": service.name, "team": service.team, "zone": service.zone}
    wobble = _wobble(service.name, now)
    slow = max(1.0, world.strength(service.name, "p99", now))
    errors = max(service.errors * wobble, world.strength(service.name, "errors", now))
    yield P99, labels, service.p99 * wobble * slow
    yield ERROR_SHARE, labels, errors
    yield RATE, labels, service.rate * wobble
    lost = world.strength(service.name, "pods", now) > 0.5
    for i in range(PODS):
        pod = {**labels, "pod": f"{service.name}-{i}"}
        yield "northwind_pod_ready", pod, 0.0 if lost else 1.0
    if service.name == SHOP:
        lost_orders = world.strength(SHOP, "orders", now)
        yield ORDERS, labels, orders_per_minute(now) * (1 - lost_orders)


PAST = ((ORDERS, SHOP), (P99, MODEL_SERVICE), (ERROR_SHARE, MODEL_SERVICE))
"""What has days of history: the orders, and how the model was served, which a new champion is
compared with."""
PAST_DAYS = 8
RECENT = (P99, ERROR_SHARE, RATE, GPU_TEMPERATURE)
"""What has some hours of history, so that a search for a cause knows what is usual."""
RECENT_HOURS = 4


def past(name: str, at: datetime) -> list[Reading]:
    """What a metric with history read before anything could be broken."""
    if name in RECENT:
        return [one for one in readings(World(), at) if one[0] == name]
    return _long_past(name, at)


def _long_past(name: str, at: datetime) -> list[Reading]:
    served = {s.name: s for s in SERVICES}
    services = [served[service] for known, service in PAST if known == name]
    return [one for s in services for one in _of_service(World(), s, at) if one[0] == name]


def backfill(until: datetime, instance: str, days: int = PAST_DAYS) -> str:
    """The history of those that have one up to then, a sample a minute, as OpenMetrics; labelled as
    the scrape of `instance` labels what follows, so that each is one series."""
    last = int(until.timestamp() // 60) * 60
    recently = last - RECENT_HOURS * 3_600
    lines = []
    for name in dict.fromkeys((*(name for name, _ in PAST), *RECENT)):
        lines.append(f"# TYPE {name} gauge")
        for at in range(last - days * 86_400, last, 60):
            known = past if at >= recently else _long_past
            for _, labels, value in known(name, datetime.fromtimestamp(at, UTC)):
                shown = ",".join(f'{k}="{v}"' for k, v in labels.items())
                place = f'instance="{instance}",job="{JOB}"'
                lines.append(f"{name}{{{shown},{place}}} {value:.6g} {at}")
    return "\n".join([*lines, "# EOF"]) + "\n"


def exposition(found: list[Reading]) -> str:
    """The text format that Prometheus scrapes."""
    lines = []
    for name in dict.fromkeys(name for name, _, _ in found):
        lines.append(f"# TYPE {name} gauge")
        lines += [
            "{}{{{}}} {:.6g}".format(name, ",".join(f'{k}="{v}"' for k, v in labels.items()), value)
            for metric, labels, value in found
            if metric == name
        ]
    return "\n".join(lines) + "\n"


def _wobble(name: str, now: datetime) -> float:
    """Around 1, within a few per cent, slowly: nothing real stands still."""
    phase = crc32(name.encode()) % 628 / 100
    return 1 + 0.04 * sin(now.timestamp() / 37 + phase) + 0.02 * sin(now.timestamp() / 5 + phase)
