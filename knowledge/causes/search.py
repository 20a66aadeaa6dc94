"""Which service is at fault? All evidence of a failure, weighed.

The score of a service is a sum of clues, in bits of surprise times weights:

- harm: its time and failures, as far as they account for the symptom and nothing that it calls
  accounts for them;
- its own resources, and traffic that its callers do not explain;
- traces: whom lost time is laid to, and where requests are cut short;
- logs: unusual lines, less what those it calls write too;
- time: when it began, whether it moves with the symptom, what was changed before;
- where it stands.
"""

import math
from collections.abc import Mapping

from knowledge.causes import flows, logs, timing, words
from knowledge.causes.board import Board
from knowledge.causes.calls import Calls
from knowledge.causes.case import Case, Flow, Logs
from knowledge.causes.evidence import Evidence, gather
from knowledge.causes.harm import weigh_harm
from knowledge.causes.ranking import ClueKind, Ranking
from knowledge.causes.signals import Family
from knowledge.causes.weights import WEIGHTS, Weights

_RESOURCES = (Family.CPU, Family.MEMORY, Family.GPU, Family.QUEUE, Family.RESTARTS)
_SIDE = (Family.NETWORK, Family.DISK)
_ECHO = 0.5
"""Share of a service's log clue that goes where those it calls write as unusual lines."""


def rank(case: Case, weights: Weights = WEIGHTS) -> Ranking:
    """Rank all services of a case, likeliest first."""
    evidence, calls = gather(case), Calls(case.edges)
    board = Board(case.services, _aside(case, calls, weights))
    weigh_harm(case, evidence, calls, weights, board)
    _resources(evidence, weights, board)
    _traffic(evidence, calls, weights, board)
    if case.flow and case.calm_flow:
        _flow(case.flow, case.calm_flow, calls, weights, board)
    if case.logs:
        _logs(case.logs, case.calm_logs, calls, weights, board)
    _timing(case, evidence, weights, board)
    _changes(case, weights, board)
    _structure(case, calls, weights, board)
    return Ranking(board.suspects(), case.at, _looked_at(case), _missing(case))


def _aside(case: Case, calls: Calls, weights: Weights) -> dict[str, float]:
    below = calls.below(case.symptom.service)
    if len(below) == 1:  # it calls nobody, or nobody knows whom
        return {}
    return {service: weights.aside for service in case.services if service not in below}


def _resources(evidence: Mapping[str, Evidence], weights: Weights, board: Board) -> None:
    kinds = [(family, weights.resource) for family in _RESOURCES]
    kinds += [(family, weights.side) for family in _SIDE]
    for service, its in evidence.items():
        for family, weight in kinds:
            if bits := its.bits(family):
                text = words.of_signal(its.deviations[family][0])
                board.add(service, ClueKind.RESOURCE, text, weight * bits)


def _traffic(
    evidence: Mapping[str, Evidence], calls: Calls, weights: Weights, board: Board
) -> None:
    """More (or fewer) requests than usual, beyond what its callers get."""
    for service, its in evidence.items():
        callers = calls.callers(service) & evidence.keys()
        inherited = max((evidence[c].bits(Family.TRAFFIC) for c in callers), default=0.0)
        bits = its.bits(Family.TRAFFIC) - inherited
        if bits > 0:
            text = words.of_signal(its.deviations[Family.TRAFFIC][0])
            board.add(service, ClueKind.METRIC, text, weights.traffic * bits)


def _flow(flow: Flow, calm: Flow, calls: Calls, weights: Weights, board: Board) -> None:
    for slow in flows.slower(flow, calm):
        board.add(slow.service, ClueKind.TRACE, words.slower(slow), weights.trace * slow.bits)
    for service, rare in flows.rarer(flow, calm).items():
        board.add(service, ClueKind.TRACE, words.rarer(rare), weights.rarer * rare.bits)
    cuts = flows.cut_short(flow, calm)
    for service, cut in cuts.items():
        value = weights.trace * cut.bits
        board.add(service, ClueKind.TRACE, words.cut_short(cut), value)
        # A request that ends early in a service ends early in its callers too.
        below = max((cuts[c].bits for c in calls.callees(service) if c in cuts), default=0.0)
        text = "traces: requests are cut short in services that it calls, too"
        board.add(service, ClueKind.EXPLAINED, text, -min(below / cut.bits, 1.0) * value)


def _logs(now: Logs, calm: Logs | None, calls: Calls, weights: Weights, board: Board) -> None:
    """An error is written where it happens and by those who call there."""
    found = logs.louder(now, calm)
    bits = {service: its[0].bits for service, its in found.items()}
    for service, its in found.items():
        value = weights.log * bits[service]
        board.add(service, ClueKind.LOG, words.louder(its[0]), value)
        below = max((bits.get(c, 0.0) for c in calls.callees(service)), default=0.0)
        text = "logs: services that it calls write unusual lines, too"
        less = _ECHO * min(below / bits[service], 1.0) * value
        board.add(service, ClueKind.EXPLAINED, text, -less)


def _timing(case: Case, evidence: Mapping[str, Evidence], weights: Weights, board: Board) -> None:
    began = timing.onsets(case, evidence)
    for service, steps in timing.lead(began, case.step).items():
        at = began[service]
        text = words.began(at, steps > 0)
        board.add(service, ClueKind.ONSET, text, weights.onset * steps, at=at)
    for service, correlation in timing.moves_with(case, evidence).items():
        text = words.together(correlation, case.symptom.service)
        board.add(service, ClueKind.SYMPTOM, text, weights.together * correlation)


def _changes(case: Case, weights: Weights, board: Board) -> None:
    for service, found in timing.changes_before(case.changes, case.at).items():
        change, weight = found.change, weights.change * found.weight
        text, ids = words.changed(found), (change.id,)
        board.add(service, ClueKind.CHANGE, text, weight, at=change.at, sources=ids)


def _structure(case: Case, calls: Calls, weights: Weights, board: Board) -> None:
    for service in case.services:
        count = len(calls.callees(service))
        weight = weights.structure * math.log2(1 + count)
        board.add(service, ClueKind.STRUCTURE, f"it calls {count} others", weight)


def _looked_at(case: Case) -> tuple[str, ...]:
    parts = []
    if case.window:
        parts.append(_from(case, "metrics", f"metrics of {len(case.window)} services"))
    if case.flow and case.flow.operations:
        spans = sum(operation.count for operation in case.flow.operations)
        parts.append(_from(case, "traces", f"{spans} spans"))
    if case.logs and case.logs.counts:
        lines = sum(count.count for count in case.logs.counts)
        parts.append(_from(case, "logs", f"{lines} log lines"))
    if case.changes:
        parts.append(f"{len(case.changes)} changes")
    return tuple(parts)


def _from(case: Case, what: str, text: str) -> str:
    source = case.sources.get(what)
    return f"{text} ({source})" if source else text


def _missing(case: Case) -> tuple[str, ...]:
    parts = []
    if not case.window:
        parts.append("no metrics")
    elif not case.calm:
        parts.append("no metrics of calm times to compare with")
    if not (case.flow and case.calm_flow):
        parts.append("no traces of both the failure and calm times")
    if not (case.logs and case.calm_logs):
        parts.append("no logs of both the failure and calm times")
    if not case.edges:
        parts.append("no call graph, so who suffers for whom is not known")
    return tuple(parts)
