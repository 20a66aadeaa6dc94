"""Gates: small functions from the evidence to what they found. Installed ones are found by the
entry point group `tandem.gates`; those of Tandem itself are registered the same way.

docs/how-to/gates.md shows how to write one, docs/reference/gates.md lists those there are.
"""

from knowledge.promotion.gates.checking import check_policy
from knowledge.promotion.gates.contract import AnyGate, Finding, GateSpec, Held, Settings
from knowledge.promotion.gates.installed import BUILTIN, GROUP, installed
from knowledge.promotion.gates.judging import (
    failing,
    judge,
    overridable,
)

__all__ = [
    "BUILTIN",
    "GROUP",
    "AnyGate",
    "Finding",
    "GateSpec",
    "Held",
    "Settings",
    "check_policy",
    "failing",
    "installed",
    "judge",
    "overridable",
]
