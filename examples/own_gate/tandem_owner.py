"""A version that a team owns: somebody to call when it goes wrong."""

from pydantic import Field

from knowledge.promotion.evidence import Evidence
from knowledge.promotion.gates import Finding, GateSpec, Held, Settings


class Team(Settings):
    tag: str = Field("team", description="the tag that names it")


def check(evidence: Evidence, settings: Team) -> Finding:
    team = evidence.challenger.version.tags.get(settings.tag, "")
    if team:
        return Finding(Held.YES, f"owned by {team}")
    return Finding(Held.NO, f"no tag `{settings.tag}` says who owns it")


gate = GateSpec("owner", "A team owns the version", check, Team)
