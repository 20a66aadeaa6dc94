"""From free text to a call: a ladder that stops at the first step that is sure.

1. exact     a slash command, or an example of a skill word for word
2. refused   what only looks like a request (see `bot.refusals`)
3. learned   a classifier over words and sentence vectors, with calibrated probabilities
4. llm       a language model chooses, where there is one and step 3 was unsure
5. unsure    nothing is called; the likeliest calls are offered as buttons

Nothing is run here. Calls that change something are shown as a button by the caller.
"""

import logging
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.refusals import Why, spoken, why_not
from bot.route_model import Encode, Fitted, Wordings, fit
from bot.slots import Known, is_note, slots
from bot.words import ASK, command_call
from knowledge.errors import Unavailable, UserError
from knowledge.on_behalf import on_behalf
from knowledge.ports import LLM, Embedder, Tool
from knowledge.prompts import prompt
from knowledge.redact import redact
from skills.contract import Call, Skill
from skills.phrases import PHRASES

log = logging.getLogger(__name__)

NONE = "none"
CHANGING = frozenset(
    (
        "incident_update",
        "incident_open",
        "incident_merge",
        "incident_channel",
        "page",
        "stakeholder_update",
        "ticket",
        "promotion",
        "rollback",
        "retrain",
        "silence",
        "monitor_create",
        "monitor_tune",
        "monitor_pause",
        "monitor_resume",
        "monitor_remove",
        "runbook",
        "approve",
        "reject",
    )
)
"""Skills that may change something, whatever right they need: the router is strict with them."""
ABOUT_AN_INCIDENT = frozenset(
    (
        *("incident_update", "incident_merge", "incident_timeline", "postmortem"),
        *("page", "ticket", "incident_channel", "stakeholder_update"),
    )
)
"""Skills that make little sense without an incident, named or by the thread."""
ABOUT_A_NAME = frozenset(("promotion", "rollback", "retrain", "silence"))
"""Skills that make little sense without a model, service or alert."""
NAMES = frozenset(("model", "service", "alert"))
UNNAMED = 0.4
"""The share of a skill's probability that is left when what it needs is not there."""
NOTED = 0.8
"""How sure "note: ..." is, whatever the note itself is about."""
IN_A_THREAD = {
    "incident_update": 3.0,
    "incident_summary": 2.0,
    "postmortem": 2.0,
    "incident_timeline": 2.0,
    **dict.fromkeys(("page", "ticket", "incident_channel", "stakeholder_update"), 2.0),
    "root_cause": 2.0,
    "similar_incidents": 2.0,
    "runbook": 2.0,
}
"""Odds of what people ask in an incident's thread, against the same words elsewhere. The training
phrases stand nowhere, so this is a guess, not learned."""

SURE_TO_READ = 0.4
SURE_TO_CHANGE = 0.5
"""Least probabilities at which a skill is called from words."""
WORTH_OFFERING = 0.12
"""Least probability of a candidate on a button."""
MOST_CANDIDATES = 3
MOST_TOOLS = 6
"""Skills that a language model chooses among: a small one does not read many in time."""
MOST_CHARACTERS = 4000
"""Longer texts are pastes; what is asked stands at their start or end."""

_HARD = frozenset((Why.INJECTION, Why.QUOTED, Why.PASTED, Why.TO_A_PERSON))
_KEEP = {
    Why.TO_ANYBODY: 0.8,
    Why.FORBIDDEN: 0.4,
    Why.REPORTED: 0.4,
    Why.SUPPOSED: 0.8,
    Why.PLANNED: 0.4,
}
"""The share of a reading skill's probability that is left under a softer reason."""

INSTRUCTIONS = prompt("route")


Fit = Callable[[Wordings, Sequence[str], Encode | None], Fitted]
"""`bot.route_model.fit`, or one that remembers."""


@dataclass(frozen=True)
class Routed:
    """What a text asks for. `call` is None when nothing is to be called."""

    call: Call | None
    skill: str
    """The skill's name, or "none"; with step "unsure" the best guess."""
    slots: Mapping[str, Any] = field(default_factory=dict)
    confidence: float = 0.0
    step: str = ""
    candidates: tuple[Call, ...] = ()
    proposed_by_model: bool = False


class Router:
    """Learns on first use from the skills' examples and phrases; safe to use from many threads.

    Until `learn` has put the embedder's vectors in, words and characters alone decide.
    """

    def __init__(
        self,
        skills: Sequence[Skill[Any]],
        embedder: Embedder | None = None,
        llm: LLM | None = None,
        known: Callable[[], Known] = Known,
        phrases: Mapping[str, Sequence[str]] = PHRASES,
        fit: Fit = fit,
    ) -> None:
        self._skills = {s.name: s for s in skills}
        self._embedder = embedder
        self._llm = llm
        self.known = known
        self._phrases = phrases
        self._fit = fit
        self._model: Fitted | None = None
        self._lock, self._worded_lock = threading.Lock(), threading.Lock()
        self._texts, self._labels = corpus(skills, phrases)
        self._worded: Wordings | None = None
        self._exact = {_bare(e): s.name for s in skills if not s.hidden for e in s.examples}

    def learn(self) -> None:
        """Learn with the embedder, loading it if need be. Seconds; raises Unavailable."""
        encode = self._embedder.encode if self._embedder else None
        self._model = self._fit(self._wordings(), self._labels, encode)

    def warm(self) -> threading.Thread:
        """`learn` in the background; the thread is given back for those who want to wait."""
        thread = threading.Thread(target=self._warm, name="router", daemon=True)
        thread.start()
        return thread

    def route(self, text: str, thread: str = "") -> Routed:
        """`thread` is the incident in whose thread the text stands, or empty."""
        text = text.strip()[:MOST_CHARACTERS]
        if not re.search(r"\w", text):
            asks = "help" if "?" in text and "help" in self._skills else NONE
            return self._decided(asks, text, thread, 1.0, "exact" if asks != NONE else "refused")
        exact = self._exactly(text, thread)
        if exact is not None:
            return exact
        why = why_not(text)
        if why in _HARD:
            return Routed(None, NONE, confidence=0.95, step="refused")
        if is_note(text):
            # What a note tells is what is to be written down, not what is asked.
            why = Why.REQUEST
        likely = self._likely(text, thread, why)
        best, confidence = next(iter(likely.items()))
        candidates = self._candidates(text, thread, likely)
        if confidence >= (SURE_TO_CHANGE if best in CHANGING else SURE_TO_READ):
            return self._decided(best, text, thread, confidence, "learned", candidates)
        chosen = self._asked(text, thread, why, likely)
        if chosen is not None:
            return chosen
        # A guess is no ground for changing anything: those are offered as buttons only.
        guess = NONE if best in CHANGING else best
        return Routed(
            None, guess, self._slots(guess, text, thread), confidence, "unsure", candidates
        )

    def _exactly(self, text: str, thread: str) -> Routed | None:
        if text.startswith("/") and len(text) > 1:
            command, _, rest = text.partition(" ")
            try:
                call = command_call(command, rest, tuple(self._skills.values()))
            except UserError:
                return None
            if call.skill != ASK:
                return Routed(call, call.skill, call.args, 1.0, "exact")
        name = self._exact.get(_bare(text))
        return self._decided(name, text, thread, 1.0, "exact") if name else None

    def _likely(self, text: str, thread: str, why: Why) -> dict[str, float]:
        """Probabilities, best first, after what the form of the sentence says."""
        ranked = dict(self._fitted().ranked(spoken(text) or text))
        if thread:
            ranked = {name: p * IN_A_THREAD.get(name, 1.0) for name, p in ranked.items()}
            total = sum(ranked.values())
            ranked = {name: p / total for name, p in ranked.items()}
        keep = {name: self._keep(name, text, thread, why) for name in ranked}
        left = {name: p * keep[name] for name, p in ranked.items() if name != NONE}
        if why is Why.REQUEST and is_note(text) and left.get("incident_update"):
            left = {name: p * (1 - NOTED) for name, p in left.items()}
            left["incident_update"] += NOTED * keep["incident_update"]
        left[NONE] = 1.0 - sum(left.values())
        return dict(sorted(left.items(), key=lambda item: -item[1]))

    def _keep(self, name: str, text: str, thread: str, why: Why) -> float:
        """The share of a skill's probability that goes on counting."""
        if why is not Why.REQUEST and name in CHANGING:
            return 0.0
        share = _KEEP.get(why, 1.0)
        if name in ABOUT_A_NAME and not NAMES & slots(text, name, self.known()).keys():
            share *= UNNAMED
        if name in ABOUT_AN_INCIDENT and not thread and "incident" not in slots(text, name):
            share *= UNNAMED
        return share

    def _decided(
        self,
        name: str,
        text: str,
        thread: str,
        confidence: float,
        step: str,
        candidates: tuple[Call, ...] = (),
    ) -> Routed:
        if name == NONE:
            return Routed(None, NONE, {}, confidence, step, candidates)
        found = self._slots(name, text, thread)
        call = self._call(name, found)
        return Routed(call, name, found, confidence, step, candidates)

    def _slots(self, name: str, text: str, thread: str) -> dict[str, Any]:
        found = slots(text, name, self.known())
        wants = name in self._skills and "incident" in self._skills[name].args.model_fields
        if thread and wants and "incident" not in found and not _names_another(name, found):
            found["incident"] = thread
        return found

    def _call(self, name: str, found: Mapping[str, Any]) -> Call | None:
        skill = self._skills.get(name)
        if skill is None:
            return None
        fields = skill.args.model_fields
        return Call(name, {k: v for k, v in found.items() if k in fields})

    def _candidates(self, text: str, thread: str, likely: Mapping[str, float]) -> tuple[Call, ...]:
        names = [n for n, p in likely.items() if n != NONE and p >= WORTH_OFFERING]
        calls = (self._call(n, self._slots(n, text, thread)) for n in names[:MOST_CANDIDATES])
        return tuple(c for c in calls if c is not None)

    def _asked(
        self, text: str, thread: str, why: Why, likely: Mapping[str, float]
    ) -> Routed | None:
        """The language model's choice, or None without one. It proposes; nothing is run."""
        if self._llm is None:
            return None
        allowed = [
            s
            for s in self._skills.values()
            if not s.hidden and (why is Why.REQUEST or s.name not in CHANGING)
        ]
        allowed = sorted(allowed, key=lambda s: -likely.get(s.name, 0.0))[:MOST_TOOLS]
        hidden, mask = redact(text)
        try:
            with on_behalf(purpose="route"):
                choice = self._llm.choose(INSTRUCTIONS, hidden, tuple(map(_tool, allowed)))
        except Unavailable as error:
            log.warning("routed without the language model: %s", error)
            return None
        if choice is None:
            return Routed(None, NONE, {}, 0.5, "llm", proposed_by_model=True)
        if choice.tool not in {s.name for s in allowed}:
            return None
        told = {k: mask.unmask(v) if isinstance(v, str) else v for k, v in choice.arguments.items()}
        given = {k: v for k, v in told.items() if _stands_in(v, text)}
        found = {**given, **self._slots(choice.tool, text, thread)}
        call = self._call(choice.tool, found)
        if call is not None and choice.tool in CHANGING:
            # The model may propose, a person presses: offered, whatever right the skill needs.
            return Routed(None, choice.tool, found, 0.6, "llm", (call,), proposed_by_model=True)
        return Routed(call, choice.tool, found, 0.6, "llm", proposed_by_model=True)

    def _fitted(self) -> Fitted:
        if self._model is None:
            with self._lock:
                if self._model is None:
                    self._model = self._fit(self._wordings(), self._labels, None)
        return self._model

    def _wordings(self) -> Wordings:
        with self._worded_lock:
            if self._worded is None:
                self._worded = Wordings(self._texts)
        return self._worded

    def _warm(self) -> None:
        try:
            self.learn()
        except Unavailable as error:
            log.warning("routing by words alone: %s", error)


def corpus(
    skills: Sequence[Skill[Any]], phrases: Mapping[str, Sequence[str]] = PHRASES
) -> tuple[list[str], list[str]]:
    """The training texts and their labels: built-in phrases, and the skills' own."""
    rows = {(p, name): None for name, own in phrases.items() for p in own}
    for skill in skills:
        if not skill.hidden:
            rows |= {(p, skill.name): None for p in (*skill.examples, *skill.phrases)}
    installed = {s.name for s in skills} | {NONE}
    kept = [(p, name) for p, name in rows if name in installed]
    return [p for p, _ in kept], [name for _, name in kept]


def _bare(text: str) -> str:
    return re.sub(r"[\s?.!]+", " ", text).strip().lower()


def _names_another(name: str, found: Mapping[str, Any]) -> bool:
    """Does the text say what it is about, so that the thread's incident is not meant?"""
    about = (
        ("service", "text", "name")
        if name in ("root_cause", "similar_incidents", "runbook")
        else ()
    )
    return any(found.get(k) for k in about)


def _tool(skill: Skill[Any]) -> Tool:
    examples = "; ".join(skill.examples)
    return Tool(skill.name, f"{skill.summary}. E.g.: {examples}", skill.args.model_json_schema())


def _stands_in(value: object, text: str) -> bool:
    """Arguments that the message does not give are made up."""
    return isinstance(value, str | int | float) and str(value).lower() in text.lower()
