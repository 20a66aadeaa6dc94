"""A language model may word the statements; what it writes is checked against their sources.

The model sees the statements (secrets masked) as quoted data and answers with one sentence for each
id. A sentence that says something its sources do not, or that is missing, is dropped and the
extractive one stands. Ids and sources never change. A model that is slow, wrong or gone costs
nothing but the wait.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from knowledge.deadline import within
from knowledge.errors import Unavailable
from knowledge.ports import LLM
from knowledge.prompts import prompt
from knowledge.records import Incident
from knowledge.redact import Mask, redact
from knowledge.summary.compose import WORDS
from knowledge.summary.draft import CITED
from knowledge.summary.model import Group, SourceText, Statement, Summary, sources_of
from knowledge.summary.verify import verify

WORDED = (Group.IMPACT, Group.CAUSE, Group.RULED_OUT)
"""The groups that quote people most; a short prompt is answered in time. The rest reads well as
it is."""

INSTRUCTIONS = prompt("wording")

_OBJECT = re.compile(r"\{.*\}", re.DOTALL)


def reword(summary: Summary, incident: Incident, llm: LLM, timeout: float) -> Summary:
    """The summary in the model's words where these hold, else unchanged. Never raises for the
    model's sake; takes at most `timeout` seconds."""
    quoted = {s.id: s.text for s in summary.statements if s.group in WORDED}
    if not quoted:
        return summary
    text, mask = redact(json.dumps(quoted, ensure_ascii=False))
    try:
        answer = within(timeout, lambda: llm.write(INSTRUCTIONS, text), "the language model")
    except Unavailable:
        return summary
    offered = _read(answer, mask)
    sources = sources_of(incident)
    people = frozenset(m.user for m in incident.thread)
    cost = sum(len(s.text.split()) + 1 + (s.group in CITED) for s in summary.statements)
    room = max(0, WORDS - cost)
    worded: list[Statement] = []
    for statement in summary.statements:
        best = _best(statement, offered.get(statement.id, ""), sources, people)
        more = len(best.text.split()) - len(statement.text.split())
        worded.append(best if more <= room else statement)
        room -= max(0, more) if more <= room else 0
    return replace(summary, statements=tuple(worded))


def _read(answer: str, mask: Mask) -> Mapping[str, str]:
    """The sentences by id; empty when the answer is not what was asked for."""
    found = _OBJECT.search(answer)
    try:
        data = json.loads(found.group()) if found else None
    except (ValueError, RecursionError):
        return {}
    if not isinstance(data, dict):
        return {}
    return {k: mask.unmask(v).strip() for k, v in data.items() if isinstance(v, str) and v.strip()}


def _best(
    statement: Statement, offer: str, sources: Mapping[str, SourceText], people: frozenset[str]
) -> Statement:
    if statement.group not in WORDED or not offer or "\n" in offer:
        return statement
    if len(offer.split()) > 1.5 * len(statement.text.split()) + 4:
        return statement
    mine = [sources[k] for k in statement.sources if k in sources]
    if verify(offer, mine, people=people, wording_of=statement.text):
        return statement
    return replace(statement, text=offer if offer.endswith((".", "!", "?")) else f"{offer}.")
