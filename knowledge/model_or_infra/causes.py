"""What can be wrong with a served model, and which signals each cause moves.

A bipartite network of causes and findings as in QMR-DT (Shwe et al. 1991): a link says how likely a
cause alone takes a family of signals out of its usual range, causes act independently ("noisy or",
Pearl 1988), and each family may be unusual for no reason that is listed (`LEAK`). Links have three
strengths only; they follow from what serves a model and what feeds it, not from data.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from knowledge.model_or_infra.evidence import Kind, Reading, Side, What


class Family(StrEnum):
    """Signals that tell the same, counted once."""

    LATENCY = "latency"
    ERRORS = "errors"
    FALLBACK = "fallback"
    LOAD = "load"
    MEMORY = "memory"
    GPU = "gpu"
    QUEUE = "queue"
    MORE = "more requests"
    FEWER = "fewer requests"
    FRESHNESS = "freshness"
    QUALITY = "quality"
    INPUTS = "inputs"
    PREDICTIONS = "predictions"
    REALISED = "realised performance"
    ESTIMATED = "estimated performance"
    BUSINESS = "business"
    NEIGHBOURS = "neighbours"


_FAMILIES: Mapping[Kind, Family] = {
    Kind.LATENCY: Family.LATENCY,
    Kind.ERRORS: Family.ERRORS,
    Kind.FALLBACK: Family.FALLBACK,
    Kind.CPU: Family.LOAD,
    Kind.GPU_LOAD: Family.LOAD,
    Kind.MEMORY: Family.MEMORY,
    Kind.GPU: Family.GPU,
    Kind.QUEUE: Family.QUEUE,
    Kind.FRESHNESS: Family.FRESHNESS,
    Kind.QUALITY: Family.QUALITY,
    Kind.INPUTS: Family.INPUTS,
    Kind.PREDICTIONS: Family.PREDICTIONS,
    Kind.REALISED: Family.REALISED,
    Kind.ESTIMATED: Family.ESTIMATED,
    Kind.BUSINESS: Family.BUSINESS,
    Kind.NEIGHBOURS: Family.NEIGHBOURS,
}

FROM_LOG = frozenset(
    {
        Family.QUALITY,
        Family.INPUTS,
        Family.PREDICTIONS,
        Family.REALISED,
        Family.ESTIMATED,
    }
)
"""Read from the model's log at looks that are further apart, and about a window that is past."""


def family_of(reading: Reading) -> Family:
    if reading.kind is Kind.VOLUME:
        return Family.MORE if reading.up else Family.FEWER
    return _FAMILIES[reading.kind]


STRONG, LIKELY, MAYBE = 0.9, 0.6, 0.25
LEAK, FAR, LEAK_FAR = 0.04, 10.0, 0.012
"""How often a family is unusual for no listed reason: by noise or habit now and then, by FAR
spreads hardly ever."""


class Pace(StrEnum):
    SUDDEN = "sudden"
    SLOW = "slow"
    ANY = ""


@dataclass(frozen=True)
class Cause:
    """One thing that can be wrong."""

    name: str
    side: Side
    says: str
    """As the end of "It looks as if ..."."""
    moves: Mapping[Family, float]
    first: frozenset[Family] = frozenset()
    """What it moves itself; the others follow and do not come before. Empty: no order."""
    change: What | None = None
    """The kind of change that it is: without one shortly before it is unlikely."""
    told: What | None = None
    """A kind of change that often comes with it."""
    pace: Pace = Pace.ANY
    wide: bool | None = None
    """Does it move most inputs, or a few? None: neither is likelier."""
    data: bool = False
    """Does the trouble reach the model through its inputs?"""


F = Family
_SLOW = {F.LATENCY: STRONG, F.LOAD: STRONG, F.QUEUE: LIKELY, F.ERRORS: LIKELY, F.BUSINESS: LIKELY}
_TIMES_OUT = {**_SLOW, F.FALLBACK: LIKELY, F.MORE: MAYBE}
"""Callers whose requests time out or fail may try again."""
_ANSWERS_WORSE = {F.PREDICTIONS: LIKELY, F.REALISED: LIKELY, F.ESTIMATED: MAYBE, F.BUSINESS: LIKELY}
_FAILS = {F.ERRORS: STRONG, F.FALLBACK: MAYBE, F.BUSINESS: LIKELY, F.MORE: MAYBE}

CAUSES: tuple[Cause, ...] = (
    Cause(
        "worse version",
        Side.MODEL,
        "a new version, or a setting of it, answers worse",
        {**_ANSWERS_WORSE, F.REALISED: STRONG},
        change=What.ALIAS,
        pace=Pace.SUDDEN,
    ),
    Cause(
        "heavy version",
        Side.MODEL,
        "a new version needs more time or machine for each answer",
        {**_TIMES_OUT, F.MEMORY: MAYBE},
        change=What.ALIAS,
        pace=Pace.SUDDEN,
    ),
    Cause(
        "failing version",
        Side.MODEL,
        "a new version fails on some requests",
        _FAILS,
        change=What.ALIAS,
        pace=Pace.SUDDEN,
    ),
    Cause(
        "changed world",
        Side.MODEL,
        "what the model learned holds no longer, while its inputs look as ever",
        {F.REALISED: STRONG, F.BUSINESS: LIKELY},
        pace=Pace.SLOW,
    ),
    Cause(
        "moved mix",
        Side.MODEL,
        "the mix of what the model is asked has moved away from its training",
        {**_ANSWERS_WORSE, F.INPUTS: STRONG},
        first=frozenset({F.INPUTS}),
        pace=Pace.SLOW,
        wide=True,
    ),
    Cause(
        "too many requests",
        Side.INFRASTRUCTURE,
        "more requests come than the service can serve",
        {**_TIMES_OUT, F.MORE: STRONG},
        first=frozenset({F.MORE}),
    ),
    Cause(
        "machines",
        Side.INFRASTRUCTURE,
        "the machines it runs on give it too little",
        {**_TIMES_OUT, F.NEIGHBOURS: MAYBE, F.MEMORY: MAYBE},
        first=frozenset({F.LOAD, F.NEIGHBOURS, F.QUEUE, F.LATENCY}),
    ),
    Cause(
        "memory",
        Side.INFRASTRUCTURE,
        "it runs out of memory",
        {F.MEMORY: STRONG, F.ERRORS: LIKELY, F.LATENCY: MAYBE, F.BUSINESS: MAYBE},
        first=frozenset({F.MEMORY}),
    ),
    Cause(
        "gpu",
        Side.INFRASTRUCTURE,
        "a GPU is slow or broken",
        {**_TIMES_OUT, F.GPU: STRONG},
        first=frozenset({F.GPU}),
    ),
    Cause(
        "slow deploy",
        Side.INFRASTRUCTURE,
        "a deploy of the service made it slow",
        _TIMES_OUT,
        change=What.DEPLOY,
        pace=Pace.SUDDEN,
    ),
    Cause(
        "failing deploy",
        Side.INFRASTRUCTURE,
        "a deploy of the service made requests fail",
        _FAILS,
        change=What.DEPLOY,
        pace=Pace.SUDDEN,
    ),
    Cause(
        "dependency",
        Side.INFRASTRUCTURE,
        "something it calls, or the network, is slow or fails",
        {
            F.NEIGHBOURS: STRONG,
            F.LATENCY: LIKELY,
            F.ERRORS: LIKELY,
            F.FALLBACK: LIKELY,
            F.BUSINESS: LIKELY,
            F.QUALITY: MAYBE,
            F.MORE: MAYBE,
            F.FEWER: MAYBE,
        },
        first=frozenset({F.NEIGHBOURS}),
        told=What.UPSTREAM,
    ),
    Cause(
        "upstream data",
        Side.INFRASTRUCTURE,
        "upstream data broke: values are missing or changed their meaning before they reach the "
        "model",
        {**_ANSWERS_WORSE, F.INPUTS: STRONG, F.QUALITY: LIKELY, F.ESTIMATED: LIKELY},
        first=frozenset({F.INPUTS, F.QUALITY}),
        told=What.UPSTREAM,
        pace=Pace.SUDDEN,
        wide=False,
        data=True,
    ),
    Cause(
        "stale data",
        Side.INFRASTRUCTURE,
        "the data that its features are made of is old",
        {**_ANSWERS_WORSE, F.FRESHNESS: STRONG, F.INPUTS: LIKELY, F.PREDICTIONS: MAYBE},
        first=frozenset({F.FRESHNESS}),
        wide=False,
        data=True,
    ),
    Cause(
        "wrong preparation",
        Side.INFRASTRUCTURE,
        "a deploy of the service prepares inputs in another way than the model was trained with",
        {**_ANSWERS_WORSE, F.INPUTS: STRONG, F.QUALITY: MAYBE},
        first=frozenset({F.INPUTS, F.QUALITY}),
        change=What.DEPLOY,
        pace=Pace.SUDDEN,
        wide=False,
        data=True,
    ),
    Cause("nothing", Side.NEITHER, "nothing is wrong beyond noise", {}),
    Cause(
        "fewer requests",
        Side.NEITHER,
        "fewer people ask, and what is asked is answered as ever",
        {F.FEWER: STRONG, F.BUSINESS: STRONG},
        told=What.CALENDAR,
    ),
    Cause(
        "more requests",
        Side.NEITHER,
        "more people ask, and the service keeps up",
        {F.MORE: STRONG, F.LOAD: LIKELY, F.QUEUE: MAYBE, F.LATENCY: MAYBE, F.BUSINESS: MAYBE},
        told=What.CALENDAR,
    ),
    Cause(
        "outside",
        Side.NEITHER,
        "the business figure moved for a reason outside the model and its service",
        {F.BUSINESS: STRONG},
    ),
)

DEFAULTS: Mapping[Family, float] = {F.PREDICTIONS: STRONG, F.REALISED: STRONG}
"""What default answers move: they stand for many requests and differ from the model's own."""
