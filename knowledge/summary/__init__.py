"""Incident summaries that can be checked: every statement names what it rests on.

No language model is needed: clauses of the thread are read for what they do (measure, correct,
deny, explain, act, promise), joined with the alerts, changes and recorded events, and quoted. Text
from outside is data: what speaks to the reader of the summary instead of about the incident is
left out, with a note that it was there.
"""

from datetime import datetime

from knowledge.records import Incident
from knowledge.summary.compose import compose
from knowledge.summary.facts import read
from knowledge.summary.markdown import to_markdown
from knowledge.summary.model import Group, SourceText, Statement, Summary, sources_of
from knowledge.summary.verify import verify
from knowledge.summary.wording import reword

__all__ = [
    "Group",
    "SourceText",
    "Statement",
    "Summary",
    "reword",
    "sources_of",
    "summarise",
    "to_markdown",
    "verify",
]


def summarise(incident: Incident, now: datetime) -> Summary:
    """What happened, impact, cause, what was ruled out, what was done, state, owners, next steps
    and the time line of an incident, extractive, at most `compose.WORDS` words."""
    return compose(read(incident), now)
