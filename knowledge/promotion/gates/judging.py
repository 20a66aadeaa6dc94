"""What the gates find of the evidence, under the model's policy."""

import logging
from collections.abc import Iterable, Mapping, Sequence

from knowledge.errors import BadArgs
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates.contract import AnyGate, Finding, GateSpec, Held, Unread
from knowledge.promotion.gates.installed import installed
from knowledge.promotion.people import overriders
from knowledge.promotion.policy import GateRule, Mode, Policy
from knowledge.records import Gate, GateResult

log = logging.getLogger("tandem.gates")

_UNSAID = GateRule()
_BY_MODE: Mapping[Mode, GateResult | None] = {
    Mode.PREVENT: GateResult.FAIL,
    Mode.WARN: GateResult.WARN,
    Mode.OFF: None,
}
_APART = ": "


def judge(evidence: Evidence, gates: Sequence[AnyGate] | None = None) -> tuple[Gate, ...]:
    """All gates of a request, named "name" or "name: about"; `gates` are the installed ones.

    Never raises: a gate that fails by itself is named as one that cannot tell. Where a fixed gate
    fails there is nothing to judge, and it is all that is returned.
    """
    specs = installed() if gates is None else gates
    missing = sorted(set(evidence.policy.gates) - {spec.name for spec in specs})
    found: list[Gate] = []
    for spec in (*specs, *(_absent(name) for name in missing)):
        judged = _judged(spec, evidence)
        if spec.fixed and failing(judged):
            return judged
        found += judged
    return tuple(found)


def failing(gates: Iterable[Gate]) -> tuple[Gate, ...]:
    return tuple(g for g in gates if g.result is GateResult.FAIL)


def overridable(gates: Iterable[Gate], policy: Policy) -> bool:
    """Is there somebody for each failing gate who may override it?"""
    return all(overriders(policy, gate.name) for gate in failing(gates))


def _judged(spec: AnyGate, evidence: Evidence) -> tuple[Gate, ...]:
    rule = evidence.policy.gates.get(spec.name, _UNSAID)
    mode = spec.mode if spec.fixed else rule.mode or spec.mode
    if mode is Mode.OFF:
        return ()
    unknown = rule.unknown
    if evidence.purpose not in spec.purposes:
        mode, unknown = _at_most_warn(mode), _at_most_warn(unknown)
    judged = ((f, _result(f.held, mode, unknown)) for f in _findings(spec, rule, evidence))
    return tuple(_gate(spec, f, result) for f, result in judged if result is not None)


def _at_most_warn(mode: Mode) -> Mode:
    return Mode.WARN if mode is Mode.PREVENT else mode


def _result(held: Held, mode: Mode, unknown: Mode) -> GateResult | None:
    """None: it is left out."""
    match held:
        case Held.YES:
            return GateResult.PASS
        case Held.NOTE:
            return GateResult.WARN
        case Held.NO:
            return _BY_MODE[mode]
        case Held.UNKNOWN:
            return _BY_MODE[unknown]
        case Held.MOOT:
            return GateResult.FAIL if unknown is Mode.PREVENT else None


def _findings(spec: AnyGate, rule: GateRule, evidence: Evidence) -> tuple[Finding, ...]:
    try:
        settings = spec.read(rule.settings)
    except BadArgs as error:
        # A limit that cannot be read must not let through what it was meant to stop.
        return (Finding(Held.NO, f"its settings are wrong: {error}"),)
    try:
        findings = _listed(spec.check(evidence, settings))
        return findings or (
            Finding(Held.MOOT, "the policy asks for it, and it has nothing to say"),
        )
    except Exception as error:
        # The last stop for code of other packages: one bad gate must not end every request.
        log.exception("gate %s", spec.name)
        says = f"the gate itself failed: {type(error).__name__}: {error}"
        return (Finding(Held.UNKNOWN, says[:300]),)


def _listed(found: Finding | Sequence[Finding] | None) -> tuple[Finding, ...]:
    """Raises TypeError where something else was returned: gates of others may not be typed."""
    findings = () if found is None else (found,) if isinstance(found, Finding) else tuple(found)
    for one in findings:
        if not isinstance(one, Finding):
            raise TypeError(f"it returned {one!r} in place of a Finding")
    return findings


def _gate(spec: AnyGate, finding: Finding, result: GateResult) -> Gate:
    name = f"{spec.name}{_APART}{finding.about}" if finding.about else spec.name
    return Gate(name, result, finding.says, finding.more, finding.difference)


def _absent(name: str) -> AnyGate:
    """A gate that the policy names and nobody installed: as the rule treats what cannot be told."""
    says = "the policy asks for this gate, but it is not installed"

    def check(evidence: Evidence, settings: Unread) -> Finding:
        wanted = evidence.policy.gates[name].mode is Mode.PREVENT
        return Finding(Held.NO if wanted else Held.UNKNOWN, says)

    return GateSpec(name, "The gate is installed", check, Unread)
