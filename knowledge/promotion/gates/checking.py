"""Is what a policy says of its gates something that the gates understand?"""

from collections.abc import Iterator, Sequence

from knowledge.errors import NotFound
from knowledge.promotion.gates.contract import AnyGate
from knowledge.promotion.gates.installed import installed
from knowledge.promotion.policy import GateRule, Policy


def check_policy(policy: Policy, gates: Sequence[AnyGate] | None = None) -> list[str]:
    """A line for each wrong gate or setting, none where all is well; `gates` are the installed."""
    known = {spec.name: spec for spec in (installed() if gates is None else gates)}
    lines: list[str] = []
    for name, rule in policy.gates.items():
        if name not in known:
            lines.append(f"gates.{name}: {NotFound.among('gate', name, known)}")
            continue
        lines += _fixed_problems(known[name], rule)
        lines += known[name].problems(rule.settings)
    return lines


def _fixed_problems(spec: AnyGate, rule: GateRule) -> Iterator[str]:
    if not spec.fixed:
        return
    for field, given in (("mode", rule.mode), ("override", rule.override)):
        if given:
            yield f"gates.{spec.name}.{field}: this gate always prevents. Remove it"
