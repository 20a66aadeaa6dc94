"""An investigation, with a model and without one."""

from dataclasses import replace
from typing import Any

import pytest

from knowledge.adapters.memory.investigator import ScriptedInvestigator
from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.ledger import StoreLedger
from knowledge.on_behalf import Behalf, behalf
from knowledge.records import Claim, Ended, Incident, Limits, Prices, Severity, Status
from skills import incident_list, incident_summary, incident_timeline
from skills.contract import BadArgs, Button, Call, Context, NotFound, Reply, Tone, Unavailable
from skills.investigate import Args, run
from skills.testing import NOON, context

SKILLS = (incident_summary.skill, incident_list.skill, incident_timeline.skill)
LIST = ("incident_list", {"service": "checkout"})
GOOD = Claim("checkout times out is open.", ("r1",))


class Telemetry:
    """Nothing is connected."""

    sources = ()


def world(investigator: ScriptedInvestigator | None = None, **given: Any) -> Context:
    store = MemoryStore()
    store.incidents.open(
        Incident("", "checkout times out", "checkout", Severity.SEV2, Status.OPEN, NOON, NOON)
    )
    ledger = StoreLedger(store.uses, lambda: NOON, Prices(1, 4, "EUR"), Limits())
    return context(
        incidents=store.incidents,
        changes=store.changes,
        telemetry=Telemetry(),
        skills=SKILLS,
        investigator=investigator,
        ledger=ledger,
        **given,
    )


def ask(ctx: Context, **args: str) -> Reply:
    return run(ctx, Args(**args))


def said(reply: Reply) -> str:
    lines = [line.text for section in reply.sections for line in section.lines]
    headings = [section.heading for section in reply.sections]
    return "\n".join([reply.title, reply.text, *headings, *lines, reply.footer])


# With a model


def test_claims_are_shown_with_what_they_rest_on() -> None:
    scripted = ScriptedInvestigator([LIST], [GOOD, Claim("It was Zoe.", ("r1",))])
    reply = ask(world(scripted), question="why is checkout slow?")
    findings, looked = reply.sections
    assert [(line.text, line.sources) for line in findings.lines] == [(GOOD.text, ("r1",))]
    assert looked.lines[0].text.startswith("incident list (checkout): ")
    assert [source.key for source in reply.sources] == ["r1"]
    assert "Zoe" not in said(reply)
    assert reply.footer == "3 s, 1 looks. 1 of 2 claims stand in what was looked at."


def test_evidence_can_be_seen_again_by_a_button() -> None:
    reply = ask(world(ScriptedInvestigator([LIST, LIST], [GOOD])), incident="INC-1")
    assert reply.buttons[0] == Button("Show r1: incident list", Call(*LIST))
    assert [b.label for b in reply.buttons[1:]] == ["Summarise INC-1", "Similar incidents"]


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (Ended.ANSWERED, "nothing that I could say is supported"),
        (Ended.STEPS, "its budget of steps was used up"),
        (Ended.SECONDS, "its time was up"),
    ],
)
def test_without_evidence_it_does_not_know(ended: Ended, words: str) -> None:
    scripted = ScriptedInvestigator([LIST], [Claim("It was Zoe.", ("r1",))], ended)
    reply = ask(world(scripted), question="why is checkout slow?")
    assert reply.text.startswith("I don't know: ")
    assert words in reply.text
    assert reply.tone is Tone.WARNING
    assert [section.heading for section in reply.sections] == ["Looked at"]


def test_each_look_is_shown_as_it_is_made() -> None:
    shown: list[Reply] = []
    ctx = world(ScriptedInvestigator([LIST, ("incident_timeline", {"incident": "INC-1"})]))
    ask(replace(ctx, progress=shown.append), question="why is checkout slow?")
    assert [len(r.sections[0].lines) if r.sections else 0 for r in shown] == [0, 1, 2]


@pytest.mark.parametrize(
    ("args", "thread", "asked"),
    [
        ({"question": "INC-1"}, "", "What is wrong in INC-1"),
        ({"question": "investigate inc 1"}, "", "investigate inc 1"),
        ({"incident": "INC-1"}, "", "about: incident INC-1, service checkout"),
        ({"question": "why is it slow?"}, "INC-1", "about: incident INC-1, service checkout"),
        ({"service": "cart"}, "INC-1", "What is wrong with cart?"),
        ({"question": "why is it slow?"}, "", "why is it slow?"),
    ],
)
def test_what_is_meant_is_said_to_the_model(args: dict[str, str], thread: str, asked: str) -> None:
    scripted = ScriptedInvestigator()
    ask(replace(world(scripted), thread=thread), **args)
    assert asked in scripted.asked[0]


def test_it_is_booked_on_the_team_that_owns_the_service() -> None:
    seen: list[Behalf] = []

    class Watching(ScriptedInvestigator):
        def investigate(self, *given: Any) -> Any:
            seen.append(behalf())
            return super().investigate(*given)

    catalogue = Catalogue(teams={"checkout": "shop"}, services=frozenset({"checkout"}))
    ask(world(Watching(), catalogue=catalogue), incident="INC-1")
    assert seen[0].team == "shop"


def test_nothing_to_look_into_is_said() -> None:
    with pytest.raises(BadArgs, match="investigate INC-12"):
        ask(world())
    with pytest.raises(NotFound):
        ask(world(), incident="INC-99")


# Without one


def test_without_a_model_there_is_a_fixed_plan_that_says_so() -> None:
    reply = ask(world(), incident="INC-1")
    (step,) = reply.sections
    assert step.heading.startswith("Incident summary: INC-1 · checkout times out")
    assert step.lines
    assert step.buttons[0].call == Call("incident_summary", {"incident": "INC-1"})
    assert reply.footer.startswith("No language model is connected: this is a fixed plan of 1 look")


def test_over_the_limit_there_is_the_plan_and_why() -> None:
    error = Unavailable("the language model", "it is open again at 00:00 UTC", retry=False)
    reply = ask(world(ScriptedInvestigator(error=error)), incident="INC-1")
    assert len(reply.sections) == 1
    assert reply.footer.startswith("The language model: it is open again at 00:00 UTC: this is a")


def test_a_look_that_fails_does_not_end_the_plan() -> None:
    reply = ask(world(), service="cart", question="what is wrong with cart?")
    assert reply.sections[0].heading.startswith("Incident summary: No incident is open for cart")
