"""What the asker of a summary gets."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from knowledge.adapters.memory.llm import ScriptedLLM
from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import NotFound
from knowledge.records import Event, Incident, Message, Severity, Signal, Status
from skills.contract import Audience, BadArgs, Call, Context, Reply
from skills.incident_summary import Args, run, skill
from skills.testing import context

NOW = datetime(2026, 3, 5, 12, 30, tzinfo=UTC)


def at(minute: int) -> datetime:
    return datetime(2026, 3, 5, 12, minute, tzinfo=UTC)


DRAFT = Incident(
    "",
    "Orders fail",
    "orders",
    Severity.SEV2,
    Status.OPEN,
    at(2),
    at(2),
    signals=(
        Signal("f1", "OrderErrors", at(1), at(1), value="9%", url="https://am.example/1", id="A1"),
    ),
    timeline=(Event("E1", at(2), "opened", "Tandem", "opened by OrderErrors"),),
)
THREAD = (
    Message("M1", at(3), "U1", "IC me", url="https://slack.example/m1"),
    Message("M2", at(9), "U2", "<@U1> 120 orders failed between 12:00 and 12:08, counted"),
)


class World:
    """Incidents in memory, threads by incident."""

    def __init__(self) -> None:
        self.store = MemoryStore()
        self.threads: dict[str, tuple[Message, ...]] = {}

    def ask(self, thread: str = "", llm: ScriptedLLM | None = None, **args: Any) -> Reply:
        names = {"U1": "ada", "U2": "bo"}
        ctx: Context = context(
            now=NOW,
            incidents=self.store.incidents,
            thread=thread,
            llm=llm,
            people=lambda user: names.get(user, user),
            read_thread=lambda incident: self.threads.get(incident, ()),
        )
        return run(ctx, Args(**args))


@pytest.fixture
def world() -> World:
    return World()


def opened(world: World, **more: Any) -> str:
    incident = world.store.incidents.open(replace(DRAFT, **more))
    world.threads[incident.id] = THREAD
    return incident.id


def lines(reply: Reply) -> str:
    return "\n".join(line.text for section in reply.sections for line in section.lines)


def test_each_statement_names_sources_that_the_reply_lists(world: World) -> None:
    reply = world.ask(incident=opened(world))
    listed = {source.key: source for source in reply.sources}
    cited = [key for s in reply.sections for line in s.lines for key in line.sources]
    assert cited
    assert set(cited) == set(listed)
    assert all(line.sources for section in reply.sections for line in section.lines)
    assert listed["A1"].url == "https://am.example/1"
    assert listed["M1"].label == "ada 12:03"


def test_people_are_named_not_numbered(world: World) -> None:
    text = lines(world.ask(incident=opened(world)))
    assert "Incident commander: ada." in text
    assert "U1" not in text


def test_it_is_for_the_asker_until_it_is_posted(world: World) -> None:
    incident = opened(world)
    mine = world.ask(incident=incident)
    post = next(b.call for b in mine.buttons if b.label == "Post here")
    assert mine.audience is Audience.ASKER
    assert post == Call("incident_summary", {"incident": incident, "post": True})
    posted = world.ask(**post.args)
    assert posted.audience is Audience.PLACE
    assert "Post here" not in [b.label for b in posted.buttons]


def test_acknowledge_is_offered_only_while_nobody_has(world: World) -> None:
    fresh = [b.label for b in world.ask(incident=opened(world)).buttons]
    taken = [b.label for b in world.ask(incident=opened(world, acknowledged_by="U1")).buttons]
    new = "What is new since 12:30"
    assert fresh == ["Acknowledge", "Post here", "Similar incidents", new]
    assert taken == ["Post here", "Similar incidents", new]


@pytest.mark.parametrize("since", ["25m", "12:05", "2026-03-05T12:05:00+00:00"])
def test_who_looked_before_sees_what_is_new(world: World, since: str) -> None:
    reply = world.ask(incident=opened(world), since=since)
    assert reply.title.endswith("new since 12:05")
    told = [line.text for section in reply.sections for line in section.lines]
    assert any("120 orders failed" in t for t in told)
    assert not any("Incident commander" in t for t in told)


def test_since_must_be_a_time(world: World) -> None:
    with pytest.raises(BadArgs, match="since"):
        world.ask(incident=opened(world), since="the other day")


def test_the_thread_stands_in_for_the_id(world: World) -> None:
    first, _ = opened(world), opened(world)
    assert world.ask(thread=first).about == first


def test_one_open_incident_needs_no_name(world: World) -> None:
    only = opened(world)
    assert world.ask().about == only


def test_several_open_are_offered(world: World) -> None:
    first, second = opened(world), opened(world)
    reply = world.ask()
    assert reply.title == "2 incidents are open. Which one?"
    assert {b.label for b in reply.buttons} == {first, second}


def test_a_service_narrows_it_down(world: World) -> None:
    opened(world)
    wanted = opened(world, service="tracking")
    assert world.ask(service="tracking").about == wanted
    assert world.ask(service="mailer").title == "No incident is open for mailer"


def test_when_none_is_open_the_latest_is_offered(world: World) -> None:
    assert world.ask().title == "No incident is open"
    old = opened(world, status=Status.RESOLVED, resolved_at=at(10))
    reply = world.ask()
    assert reply.text == f"The latest was {old}, Orders fail; it was resolved 20 min ago."
    assert [b.label for b in reply.buttons] == [f"Show {old}"]


def test_an_unknown_id_gets_the_nearest(world: World) -> None:
    opened(world)
    with pytest.raises(NotFound):
        world.ask(incident="INC-99")


def test_a_model_that_is_gone_costs_nothing(world: World) -> None:
    incident = opened(world)
    assert world.ask(incident=incident, llm=ScriptedLLM()) == world.ask(incident=incident)


def test_the_command_takes_an_id() -> None:
    assert skill.command == "/incident"
    assert skill.positional == ("incident",)
