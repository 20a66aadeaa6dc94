"""The whole story of a champion by two people at two screens, with a real MLflow behind it."""

from collections.abc import Iterator
from pathlib import Path

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
from playwright.sync_api import Locator, Page, expect
from running_world import World, running_world
from servers import register_model

from knowledge.promoting.outside import OutsideMoves

CHANNEL = "ml-models"
POLICY = f"""\
[default]
channel = "#{CHANNEL}"
"""

pytestmark = [*needs_chromium, pytest.mark.mlflow]


@pytest.fixture
def world(mlflow_uri: str, tmp_path: Path) -> Iterator[World]:
    (tmp_path / "promotion.toml").write_text(POLICY)
    settings = {
        "mlflow_tracking_uri": mlflow_uri,
        "tandem_promotion": tmp_path / "promotion.toml",
    }
    with running_world("socket", tmp_path, settings=settings, parts={}) as running:
        yield running


@pytest.fixture
def visit(world: World) -> Iterator[Visits]:
    with headless_chromium() as chromium, visits(chromium, world.playground.url) as opened:
        yield opened


def look(world: World) -> None:
    """What the clock does every minute."""
    parts = world.bot.parts
    store = parts.store
    OutsideMoves(store, store.seen, parts.models, parts.promoting, parts.now).poll()


def confirm(page: Page, *says: str) -> None:
    """Read what the click would do, and do it."""
    dialog = page.get_by_test_id("confirm-dialog")
    for words in says:
        expect(dialog).to_contain_text(words)
    page.get_by_test_id("confirm-ok").click()
    expect(dialog).to_have_count(0)


def expect_no_button(message: Locator, name: str) -> None:
    expect(message.get_by_role("button", name=name, exact=True)).to_have_count(0)


def test_asked_approved_moved_by_hand_and_restored(
    world: World, visit: Visits, mlflow_uri: str, tmp_path: Path
) -> None:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(mlflow_uri, mlflow_uri)
    model = register_model(mlflow_uri, 2.0, 1.0, 1.5)
    dev, chloe = visit("dev", CHANNEL), visit("chloe", CHANNEL)

    def champion() -> str:
        return str(client.get_model_version_by_alias(model, "champion").version)

    def photograph(page: Page, name: str) -> None:
        page.screenshot(path=tmp_path / f"{name}.png")

    # Asked: the card stands in the channel, for everybody.
    say(dev, f"/promote {model} v2 because it halves the error")
    asked, mine = (newest(p, f"Promote {model} v2?") for p in (chloe, dev))
    expect(asked).to_contain_text("dev asks: it halves the error")
    expect(asked).to_contain_text("Gates")
    for cell in ("rmse", "2", "1", "50.0% better"):
        expect(asked.get_by_role("cell", name=cell, exact=True).first).to_be_visible()
    see_picture(chloe, asked)
    photograph(chloe, "1-asked")

    # Nobody approves what they asked for.
    press(mine, "Approve")
    confirm(dev)
    refused = newest(dev, "Not allowed")
    expect(refused).to_contain_text(f"You asked for {model} v2 yourself; somebody else")
    photograph(dev, "2-refused")
    assert champion() == "1"

    # Looked at and approved by somebody else.
    press(asked, "Details")
    expect(newest(chloe, "the evidence in full")).to_contain_text("SHA-256")
    photograph(chloe, "3-details")
    press(asked, "Approve")
    confirm(chloe, f"moves the champion of {model} from v1 to v2")
    for page in (dev, chloe):
        decided = newest(page, f"{model} v2: approved")
        expect(decided).to_contain_text(f"Champion of {model} moved from v1 to v2")
        expect(decided).to_contain_text("Approved by chloe")
        expect_no_button(decided, "Approve")
    assert champion() == "2"
    decided = newest(dev, f"{model} v2: approved")
    decided.get_by_test_id("thread-link").click()
    expect(dev.get_by_test_id("thread")).to_contain_text(f"champion of {model} moved")
    photograph(dev, "4-approved")
    dev.get_by_test_id("thread-close").click()

    # Moved by hand, past everybody.
    client.set_registered_model_alias(model, "champion", "3")
    look(world)
    told = newest(chloe, f"{model}: champion moved from v2 to v3 outside Tandem")
    expect(told).to_contain_text("Nobody asked for it here")
    told.scroll_into_view_if_needed()
    photograph(chloe, "5-moved-outside")
    press(told, "Restore v2")
    confirm(chloe, "asks to make v2 champion again; somebody else approves it")
    expect(told).to_contain_text("chloe asks to restore v2")
    expect_no_button(told, "Restore v2")
    assert champion() == "3"

    # Back again, with the consent of somebody else.
    back = newest(dev, f"Roll {model} back to v2?")
    expect(back).to_contain_text("moved the champion outside Tandem")
    photograph(dev, "6-way-back")
    press(back, "Approve")
    confirm(dev, f"moves the champion of {model} from v3 to v2")
    expect(newest(dev, f"{model}: rolled back to v2")).to_contain_text("Approved by dev")
    photograph(dev, "7-restored")
    assert champion() == "2"
