"""Time and failures travel from the called to the callers: whose are they?

Each service is charged with what is surprising about its own, times the share of all harm that it
accounts for. What those it calls account for is taken off again.
"""

import math
from collections.abc import Mapping

from knowledge.causes import words
from knowledge.causes.board import Board
from knowledge.causes.calls import Calls
from knowledge.causes.case import Case
from knowledge.causes.evidence import HARM_OF, Evidence, Harm
from knowledge.causes.ranking import ClueKind
from knowledge.causes.signals import Family, read_signal
from knowledge.causes.tails import Deviation
from knowledge.causes.weights import Weights


def weigh_harm(
    case: Case, evidence: Mapping[str, Evidence], calls: Calls, weights: Weights, board: Board
) -> None:
    """Charge every service with its time and its failures."""
    for harm in Harm:
        _Charge(case, evidence, calls, weights, harm).all_to(board)


class _Charge:
    """One harm in one case."""

    def __init__(
        self,
        case: Case,
        evidence: Mapping[str, Evidence],
        calls: Calls,
        weights: Weights,
        harm: Harm,
    ) -> None:
        self._symptom = case.symptom
        self._evidence = evidence
        self._calls = calls
        self._weights = weights
        self._harm = harm
        self._bits = {service: its.harm_bits(harm) for service, its in evidence.items()}
        self._excess = {
            service: its.excess(harm) if self._bits[service] else 0.0
            for service, its in evidence.items()
        }
        self._whole = self._to_account_for()

    def all_to(self, board: Board) -> None:
        weight = self._weight()
        for service, bits in self._bits.items():
            worst = max(self._signals(service), key=lambda d: d.bits, default=None)
            if not bits or worst is None:
                continue
            share = min(self._excess[service] / self._whole, 1.0)
            value = weight * bits * share**self._weights.impact
            if self._blind(service):
                value *= self._weights.blind
            board.add(service, ClueKind.METRIC, words.of_signal(worst), value)
            self._take_off(board, service, value)

    def _take_off(self, board: Board, service: str, value: float) -> None:
        """What is the callees' own is not the caller's."""
        theirs = {callee: self._excess[callee] for callee in self._measured_below(service)}
        if not self._excess[service] or not any(theirs.values()):
            return
        share = min(math.fsum(theirs.values()) / self._excess[service], 1.0)
        most = max(sorted(theirs), key=lambda callee: theirs[callee])
        text = words.explained(self._harm, share, most)
        board.add(service, ClueKind.EXPLAINED, text, -share * value)

    def _weight(self) -> float:
        """The harm that was reported counts in full. Where the symptom's own service shows none of
        it (an alert on latency, and only failures to be seen), so does the other."""
        reported = _reported(self._symptom.signal)
        its = self._evidence.get(self._symptom.service)
        if reported in (self._harm, None) or its is None or not its.harm_bits(reported):
            return self._weights.harm
        return self._weights.other_harm

    def _to_account_for(self) -> float:
        """The most harm anywhere. Of time, at least what is noise at the service with the symptom;
        failures are judged by their number already."""
        most = max(self._excess.values(), default=0.0)
        its = self._evidence.get(self._symptom.service)
        spreads = sorted((d.high - d.low) / 2 for d in self._signals(self._symptom.service))
        if self._harm is Harm.TIME and its and spreads:
            most = max(most, spreads[len(spreads) // 2] * its.requests)
        return max(most, 1e-12)

    def _blind(self, service: str) -> bool:
        below = self._measured_below(service)
        return bool(below) and not any(self._signals(callee) for callee in below)

    def _measured_below(self, service: str) -> frozenset[str]:
        return self._calls.callees(service) & self._evidence.keys()

    def _signals(self, service: str) -> list[Deviation]:
        its = self._evidence.get(service)
        if its is None:
            return []
        families = [family for family, harm in HARM_OF.items() if harm is self._harm]
        return [d for family in families for d in its.deviations.get(family, ())]


def _reported(signal: str) -> Harm | None:
    if not signal:
        return None
    family = read_signal(signal).family
    return Harm.TIME if family is Family.CALLING else HARM_OF.get(family)
