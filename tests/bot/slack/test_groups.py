"""Groups of people, on the playground through slack_sdk's own client."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from slack_sdk import WebClient

from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground
from bot.playground.workspace import Group
from bot.ports import RateLimited
from bot.slack.groups import REMEMBER_HANDLES, SlackGroups
from bot.slack.manifest import manifest
from knowledge.errors import Denied, NotFound, Unavailable
from knowledge.promotion import DEFAULT_POLICY
from knowledge.promotion.ruling import Came
from skills.registry import BUILTIN
from tests.knowledge.promoting.world import MODEL, click
from tests.knowledge.promoting.world import World as PromotionWorld

GROUPS = (
    Group("ml-leads", "Leads of machine learning", ("dev",)),
    Group("sre", "Site reliability", ("ada", "ben")),
    Group("old-leads", "As it was", ("eva",), enabled=False),
    Group("nobody", "Nobody"),
)
LEADS, OLD = "S01MLLEADS0", "S03OLDLEADS"
DEV, CHLOE = "U04DEV00000", "U03CHLOE000"


class World:
    """A playground and the adapter; its clock stands still until it is told."""

    def __init__(self, running: RunningPlayground) -> None:
        self.running = running
        self.now = 0.0
        client = WebClient(running.bot_token, base_url=running.api_url)
        self.groups = SlackGroups(client, lambda: self.now)
        self.ada = running.client("ada")


@pytest.fixture
def world() -> Iterator[World]:
    playground = Playground(groups=GROUPS, manifest=manifest(BUILTIN), rate_scale=None)
    with RunningPlayground(playground) as running:
        yield World(running)


@pytest.mark.parametrize("name", ["@ml-leads", "ml-leads", "@ML-Leads", LEADS])
def test_a_group_is_known_by_its_id_and_its_handle(world: World, name: str) -> None:
    assert world.groups.members(name) == {DEV}
    assert world.groups.id_of(name) == LEADS


def test_who_is_in_it_is_asked_each_time(world: World) -> None:
    assert world.groups.members("@ml-leads") == {DEV}
    world.ada.group("ml-leads", add=["chloe"])
    assert world.groups.members("@ml-leads") == {DEV, CHLOE}
    world.ada.group("ml-leads", remove=["dev", "chloe"])
    assert world.groups.members("@ml-leads") == frozenset()


def test_a_group_may_be_empty(world: World) -> None:
    assert world.groups.members("nobody") == frozenset()


@pytest.mark.parametrize("name", ["@ml-leaders", "ml_leads"])
def test_an_unknown_handle_offers_the_nearest(world: World, name: str) -> None:
    with pytest.raises(NotFound, match="ml-leads"):
        world.groups.members(name)


@pytest.mark.parametrize("name", ["", "@", "S", "<!subteam^S01MLLEADS0>"])
def test_what_is_no_name_is_not_found(world: World, name: str) -> None:
    with pytest.raises(NotFound):
        world.groups.members(name)


@pytest.mark.parametrize("name", ["@old-leads", OLD, "S0NEVERWAS"])
def test_a_group_that_is_disabled_or_gone_is_not_there(world: World, name: str) -> None:
    with pytest.raises(NotFound, match="no group"):
        world.groups.members(name)


def test_one_that_is_disabled_meanwhile_gives_no_rights(world: World) -> None:
    assert world.groups.members("@ml-leads") == {DEV}
    world.ada.group("ml-leads", enabled=False)
    with pytest.raises(NotFound) as caught:
        world.groups.members("@ml-leads")
    assert "ml-leads" not in caught.value.nearest


def test_one_that_is_enabled_meanwhile_is_found(world: World) -> None:
    with pytest.raises(NotFound):
        world.groups.members("@old-leads")
    world.ada.group("old-leads", enabled=True)
    assert world.groups.members("@old-leads") == {"U05EVA00000"}


def test_a_handle_that_went_to_another_group_is_noticed_in_time(world: World) -> None:
    kept = world.running.playground.workspace.groups
    assert world.groups.id_of("@sre") == "S02SRE00000"
    kept["S02SRE00000"].handle, kept[LEADS].handle = "sre-old", "sre"
    assert world.groups.id_of("@sre") == "S02SRE00000"
    world.now += REMEMBER_HANDLES
    assert world.groups.id_of("@sre") == LEADS


def test_a_right_ends_when_the_person_leaves_the_group(world: World) -> None:
    requests = PromotionWorld(policy=replace(DEFAULT_POLICY, approvers=("@ml-leads",)))
    requests.groups = world.groups  # type: ignore[assignment]
    service = requests.service()
    asked = service.ask(MODEL, "5", by=CHLOE, by_name="Chloe", reason="better").approval
    assert asked is not None
    assert [a.id for a in service.open_to(DEV)] == [asked.id]
    world.ada.group("ml-leads", remove=["dev"])
    with pytest.raises(Denied, match="@ml-leads"):
        click(service, asked, DEV)
    assert service.open_to(DEV) == []
    world.ada.group("ml-leads", add=["dev"])
    assert click(service, asked, DEV).came is Came.MOVED


def test_a_missing_scope_is_named() -> None:
    without = manifest(BUILTIN)
    without["oauth_config"]["scopes"]["bot"].remove("usergroups:read")
    with (
        RunningPlayground(manifest=without) as running,
        pytest.raises(Unavailable, match="needs the scope usergroups:read"),
    ):
        World(running).groups.members("@ml-leads")


def test_too_many_questions_are_put_off() -> None:
    with RunningPlayground(rate_scale=1 / 20) as running:
        world = World(running)
        world.groups.members("@ml-leads")
        with pytest.raises(RateLimited):
            world.groups.members("@ml-leads")


def test_a_slack_that_is_not_there_is_unavailable() -> None:
    nowhere = SlackGroups(WebClient("xoxb-0", base_url="http://127.0.0.1:9/api/"))
    with pytest.raises(Unavailable, match="usergroups_list did not get through") as caught:
        nowhere.members("@ml-leads")
    assert caught.value.retry
