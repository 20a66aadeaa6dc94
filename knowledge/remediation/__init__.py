"""Running runbooks: one execution, its steps, each behind a click."""

from knowledge.remediation.service import (
    EVERY,
    EXECUTION,
    EXECUTION_THREAD,
    TELL,
    Parts,
    Remediations,
    in_a_thread,
    say_progress,
)
from knowledge.remediation.views import Offer, StepView, View

__all__ = [
    "EVERY",
    "EXECUTION",
    "EXECUTION_THREAD",
    "TELL",
    "Offer",
    "Parts",
    "Remediations",
    "StepView",
    "View",
    "in_a_thread",
    "say_progress",
]
