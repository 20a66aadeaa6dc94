"""The page in headless Chromium with the real bot behind it: what a person sees and presses."""

from collections.abc import Iterator

import pytest
from browsing import (
    Visits,
    headless_chromium,
    needs_chromium,
    newest,
    press,
    say,
    see_picture,
    visits,
)
from playwright.sync_api import Browser, Locator, Page, expect
from running_world import World, running_world
from test_incident import trouble

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running_world("socket", tmp_path_factory.mktemp("bot")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with headless_chromium() as chromium:
        yield chromium


@pytest.fixture
def visit(browser: Browser, browsed: World) -> Iterator[Visits]:
    with visits(browser, browsed.playground.url) as opened:
        yield opened


def test_a_card_arrives_and_is_acted_on(browsed: World, visit: Visits) -> None:
    page = visit("ada", "incidents")
    browsed.webhook(trouble("basket"))
    card = newest(page, "Many requests to basket fail")
    expect(card).to_contain_text("not acknowledged")
    press(card, "Acknowledge")
    expect(card).to_contain_text("acknowledged by ada")
    expect(card.get_by_role("button", name="Acknowledge", exact=True)).to_have_count(0)

    press(card, "More")
    press(newest(page, "Who is on it"), "Change severity")
    modal = page.get_by_test_id("modal")
    expect(modal).to_contain_text("Severity")
    choose(page, modal, "SEV3")
    page.get_by_test_id("modal-submit").click()
    expect(modal).to_have_count(0)
    expect(card).to_contain_text("SEV3")
    shown = page.get_by_test_id("message").filter(has_text="requests to basket")
    card = shown.filter(has_text="Catch me up")
    expect(card).to_have_count(1)

    press(card, "Why?")
    card.get_by_text("repl").first.click()
    why = newest(page, "What speaks for it")
    expect(why).to_contain_text("probably basket")
    expect(why.get_by_role("button", name="This was it")).to_have_count(1)


def choose(page: Page, modal: Locator, option: str) -> None:
    """From the modal's menu, whichever way the page draws it."""
    menu = modal.locator("select")
    if menu.count():
        value = menu.locator("option", has_text=option).get_attribute("value")
        menu.select_option(value)
        return
    modal.get_by_role("combobox").click()
    page.get_by_role("option", name=option).click()


def test_an_example_in_help_is_clicked(visit: Visits) -> None:
    page = visit("eva", "general")
    say(page, "/tandem")
    shown = newest(page, "What I can do")
    press(shown, "what is open right now?")
    expect(newest(page, "open incident")).to_be_visible()


def test_a_drift_picture_is_seen(visit: Visits) -> None:
    page = visit("chloe", "general")
    say(page, "/drift eta-model")
    answer = newest(page, "eta-model: drifting")
    see_picture(page, answer)


def test_a_promotion_by_two_people_at_two_screens(browsed: World, visit: Visits) -> None:
    dev, chloe = visit("dev", "ml-models"), visit("chloe", "ml-models")
    say(dev, "/promote eta-model 5 because every depot gains")
    mine, hers = (newest(p, "Promote eta-model v5?") for p in (dev, chloe))
    expect(hers).to_contain_text("every depot gains")

    press(mine, "Approve")
    dev.get_by_test_id("confirm-ok").click()
    expect(dev.locator("body")).to_contain_text("Not allowed")
    champion = browsed.bot.parts.models.champion("eta-model")
    assert champion is not None
    assert champion.version == "2"

    press(hers, "Approve")
    expect(chloe.get_by_test_id("confirm-dialog")).to_contain_text("v2")
    chloe.get_by_test_id("confirm-ok").click()
    for page in (dev, chloe):
        decided = newest(page, "eta-model v5: approved")
        expect(decided).to_contain_text("Approved by chloe")
        expect(decided).to_contain_text("Champion of eta-model moved from v2 to v5")
        expect(decided.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    champion = browsed.bot.parts.models.champion("eta-model")
    assert champion is not None
    assert champion.version == "5"
