"""What goes on around the model: drift, the monitor's newest look, incidents, its age, the time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pydantic import Field

from knowledge.drift import NOT_ENOUGH, STABLE
from knowledge.durations import Duration, say_duration
from knowledge.promotion.evidence import Drifted, Evidence
from knowledge.promotion.gates.contract import Finding, GateSpec, Held, Settings
from knowledge.promotion.policy import Mode
from knowledge.promotion.quiet import quiet_until
from knowledge.promotion.versions import show_version
from knowledge.promotion.words import say_time
from knowledge.records import Incident, Severity

# Drift ---------------------------------------------------------------------------------------


class DriftSettings(Settings):
    columns: int = Field(0, ge=0, description="so many inputs may have moved")


def _drift(evidence: Evidence, settings: DriftSettings) -> list[Finding]:
    """Inputs and answers since training: has the world moved away from what either was made for?"""
    if evidence.drift is None:
        why = evidence.problems.get("drift")
        return [Finding(Held.UNKNOWN, why) if why else Finding(Held.MOOT, "no log of this model")]
    return [_moved(evidence.drift, settings), *_answered(evidence.drift)]


def _moved(found: Drifted, settings: DriftSettings) -> Finding:
    more = (found.detail,) if found.detail else ()
    if found.verdict == STABLE:
        return Finding(Held.YES, f"stable since training, {found.rows:,} rows", "inputs", more)
    if found.verdict == NOT_ENOUGH:
        return Finding(Held.UNKNOWN, f"not enough data: {found.rows:,} rows", "inputs", more)
    few = 0 < len(found.columns) <= settings.columns
    says = _say_moved(found.columns) or found.detail or found.verdict
    return Finding(Held.YES if few else Held.NO, says, "inputs", more)


def _answered(found: Drifted) -> Iterator[Finding]:
    if found.prediction:
        held = Held.YES if found.prediction == STABLE else Held.NO
        yield Finding(held, f"{found.prediction} since training", "predictions")


def _say_moved(columns: tuple[str, ...]) -> str:
    if not columns:
        return ""
    shown = ", ".join(columns[:3]) + (f" and {len(columns) - 3} more" if len(columns) > 3 else "")
    count = "1 input has" if len(columns) == 1 else f"{len(columns)} inputs have"
    return f"{count} moved since training: {shown}"


drift = GateSpec(
    "drift",
    "Inputs and predictions are what they were in training",
    _drift,
    DriftSettings,
    Mode.WARN,
)


# The monitor's newest look -------------------------------------------------------------------


class LookSettings(Settings):
    newest: Duration = Field(
        timedelta(days=7), gt=timedelta(0), description="older looks tell nothing of today"
    )


def _look(evidence: Evidence, settings: LookSettings) -> Finding:
    """A finding on the challenger (in a canary or a shadow) does not hold; one on the champion is
    no fault of the challenger, but people should know what they compare with."""
    look = evidence.look
    if look is None:
        why = evidence.problems.get("looks")
        return Finding(Held.UNKNOWN, why) if why else Finding(Held.MOOT, "no monitor looks at it")
    of = f" at {show_version(look.version)}" if look.version else ""
    when = f"the look{of} of {say_time(look.end)}"
    if evidence.at - look.end > settings.newest:
        return Finding(Held.UNKNOWN, f"{when} is older than {say_duration(settings.newest)}")
    if not look.findings:
        return Finding(Held.YES, f"{when}: {look.verdict}, {look.rows:,} rows")
    challenger = look.version == evidence.challenger.version.version
    more = look.findings
    says = f"{when}: {look.findings[0]}"
    return Finding(Held.NO if challenger else Held.NOTE, says, more=more)


look = GateSpec(
    "look",
    "The model's monitor finds nothing wrong at its newest look",
    _look,
    LookSettings,
    Mode.WARN,
)


# Incidents -----------------------------------------------------------------------------------


class IncidentsSettings(Settings):
    prevent: tuple[Severity, ...] = Field(
        (Severity.SEV1, Severity.SEV2), description="severities that do not hold; others are noted"
    )


def _incidents(evidence: Evidence, settings: IncidentsSettings) -> Finding:
    why = evidence.problems.get("incidents")
    if why:
        return Finding(Held.UNKNOWN, why)
    service = evidence.service or "the service"
    ordered = sorted(evidence.incidents, key=lambda i: (i.severity, i.id))
    if not ordered:
        return Finding(Held.YES, f"none open on {service}")
    shown = ", ".join(f"{i.id} ({i.severity.value})" for i in ordered[:3])
    rest = f" and {len(ordered) - 3} more" if len(ordered) > 3 else ""
    grave = any(i.severity in settings.prevent for i in ordered)
    more = tuple(_say_incident(i) for i in ordered[:10])
    says = f"open on {service}: {shown}{rest}"
    return Finding(Held.NO if grave else Held.NOTE, says, more=more)


def _say_incident(incident: Incident) -> str:
    since = say_time(incident.opened_at)
    return f"{incident.id} ({incident.severity.value}, since {since}): {incident.title}"


incidents = GateSpec(
    "incidents",
    "No grave incident is open on the service that serves the model",
    _incidents,
    IncidentsSettings,
)


# Age -----------------------------------------------------------------------------------------


class AgeSettings(Settings):
    most: Duration | None = Field(None, description="oldest that is; else the policy's `max_age`")


def _age(evidence: Evidence, settings: AgeSettings) -> Finding:
    age = max(evidence.at - evidence.challenger.version.created_at, timedelta())
    most = settings.most or evidence.policy.max_age
    says = f"registered {say_duration(age)} ago"
    if age > most:
        return Finding(Held.NO, f"{says}, older than {say_duration(most)}")
    return Finding(Held.YES, says)


age = GateSpec(
    "age", "The version is recent enough to know today's world", _age, AgeSettings, Mode.WARN
)


# Freezes and quiet hours ---------------------------------------------------------------------


def _freeze(evidence: Evidence, settings: Settings) -> Finding:
    policy = evidence.policy
    if not policy.freezes and not policy.quiet:
        return Finding(Held.MOOT, "the policy has no freezes and no quiet hours")
    until = quiet_until(policy, evidence.at)
    if until is None:
        return Finding(Held.YES, "no freeze and no quiet hours now")
    frozen = quiet_until(replace(policy, quiet=()), evidence.at) is not None
    reasons = [f.reason for f in policy.freezes if f.start <= evidence.at < f.end and f.reason]
    why = f" ({', '.join(reasons)})" if reasons else ""
    what = "freeze" if frozen else "quiet hours"
    return Finding(Held.NO, f"{what} until {say_time(until)}{why}")


freeze = GateSpec("freeze", "It is no time of a freeze or of quiet hours", _freeze, Settings)


# Sign-offs -----------------------------------------------------------------------------------


def _signoffs(evidence: Evidence, settings: Settings) -> Finding:
    """Votes are counted elsewhere; this says beforehand whose are needed."""
    policy = evidence.policy
    if not policy.sign_offs:
        return Finding(Held.MOOT, "the policy asks for no sign-off of a role")
    roles = ", ".join(policy.sign_offs)
    more = tuple(f"{role}: {', '.join(people)}" for role, people in policy.sign_offs.items())
    return Finding(Held.NOTE, f"needed from {roles} among those who approve", more=more)


signoffs = GateSpec(
    "signoffs", "Each role that the policy names agrees", _signoffs, Settings, Mode.WARN
)
