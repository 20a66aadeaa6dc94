"""What people decided, carried out by the correlation it was said to, or one that follows."""

from datetime import datetime

from knowledge.correlation.engine import Correlator
from knowledge.correlation.outcome import Outcome
from knowledge.records import Deciding, Decision


def carry_out(correlator: Correlator, decision: Decision, now: datetime) -> Outcome:
    """What comes of it; what the correlation does not know (any more) is left as it is."""
    match decision.kind:
        case Deciding.TEACH:
            if decision.lesson is not None:
                correlator.teach(decision.lesson)
        case Deciding.CLOSE:
            correlator.close(decision.incident)
        case Deciding.REOPEN:
            correlator.reopen(decision.incident)
        case Deciding.MERGE:
            return correlator.merge(decision.incident, decision.other, now)
        case Deciding.SPLIT:
            return correlator.split(decision.incident, decision.alerts, decision.other, now)
        case Deciding.DETACH:
            (key,) = decision.alerts
            return correlator.detach(key, now)
    return Outcome()
