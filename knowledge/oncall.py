"""Who is on call, and who is told next when nobody takes an incident."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OnCall:
    """Rotations and escalation policies, as a file or a calendar names them."""
