"""The short version for who looks again: what is new since a moment, and how it stands."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from knowledge.records import Incident
from knowledge.summary.compose import WORDS, compose
from knowledge.summary.facts import read
from knowledge.summary.model import Group, SourceText, Statement, Summary, say_time, sources_of

SHORT = 110
"""Words of a catch-up: it is read while something burns."""
_ALWAYS = frozenset({Group.STATE})


def catch_up(incident: Incident, now: datetime, since: datetime | None = None) -> Summary:
    """At most SHORT words; with `since`, the state and what rests on something newer only."""
    facts = read(incident)
    if since is None:
        return compose(facts, now, SHORT)
    whole = compose(facts, now, 3 * WORDS)
    known = sources_of(incident)
    new = [s for s in whole.statements if s.group in _ALWAYS or _newest(s, known, incident) > since]
    if all(s.group in _ALWAYS for s in new):
        told = Statement(
            "n1", Group.HEADLINE, f"Nothing new since {say_time(since)}.", (incident.id,)
        )
        return replace(whole, statements=(told, *new))
    return replace(whole, statements=_fitting(new))


def _newest(statement: Statement, known: Mapping[str, SourceText], incident: Incident) -> datetime:
    """When the newest of what it rests on was said or happened; what only the incident's record
    says counts from its opening."""
    moments = [known[k].at for k in statement.sources if k in known]
    return max(moments, default=incident.opened_at)


def _fitting(statements: list[Statement]) -> tuple[Statement, ...]:
    """As many as the words allow; the time line gives way first."""
    order = sorted(statements, key=lambda s: (s.group is Group.TIMELINE, s.group not in _ALWAYS))
    left, kept = SHORT, set()
    for statement in order:
        length = len(statement.text.split()) + 1
        if length <= left:
            left -= length
            kept.add(statement.id)
    return tuple(s for s in statements if s.id in kept)
