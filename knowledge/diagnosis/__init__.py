"""What is at fault right now? Gathered through ports, weighed by the rules of `causes`."""

from knowledge.diagnosis.gather import Gathered, Ports, from_incident, gather
from knowledge.diagnosis.weigh import diagnose

__all__ = ["Gathered", "Ports", "diagnose", "from_incident", "gather"]
