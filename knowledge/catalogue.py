"""What is known of the system: services, who calls whom, where they run, whose they are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Catalogue:
    """Services, edges, teams, pods, nodes and zones; empty where nothing is known."""
