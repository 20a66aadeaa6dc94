from dataclasses import replace
from datetime import UTC, datetime

from bot.playground.block_rules import violations
from bot.slack import blocks
from knowledge.escalation import page_by_hand, pages
from knowledge.incidents import open_from
from knowledge.records import Incident, Signal
from knowledge.updates import reminded, told
from skills.pages import page_message, reminder_message

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def paged(told: tuple[str, ...] = ("U2",), why: str = "") -> Incident:
    signal = Signal(
        "f1", "Lag", NOON, NOON, service="kafka", severity="critical", summary="x" * 300
    )
    return page_by_hand(replace(open_from((signal,), NOON), id="INC-3"), told, "U1", NOON, why)


def names(user: str) -> str:
    return {"U1": "ada"}.get(user, user)


def test_a_person_is_told_that_they_are_meant_and_a_channel_that_somebody_is() -> None:
    incident = paged()
    page = next(pages(incident))
    assert page_message(incident, page, "U2", names).title.startswith("You are paged: INC-3")
    assert page_message(incident, page, "#x", names).title.startswith("Somebody is needed: INC-3")


def test_who_asks_and_why() -> None:
    def text(why: str) -> str:
        incident = paged(why=why)
        return page_message(incident, next(pages(incident)), "U2", names).text

    assert text("") == "ada asks for you."
    assert text("is it: yours?") == "ada asks for you: is it: yours?"


def test_the_card_is_one_press_away_where_it_has_an_address() -> None:
    incident = paged()
    page = next(pages(incident))
    reply = page_message(incident, page, "U2", names, "https://example.com/card")
    assert [b.label for b in reply.buttons] == ["Acknowledge", "Catch me up", "Open the card"]
    assert len(page_message(incident, page, "U2", names).buttons) == 2


def test_they_fit_into_slack_whatever_was_typed() -> None:
    incident = paged(why="<!channel> " + "y" * 4000)
    reply = page_message(incident, next(pages(incident)), "U2", names)
    assert list(violations(blocks.blocks(reply))) == []
    assert "<!channel>" not in str(blocks.blocks(reply))


def test_a_reminder_offers_to_draft_the_update() -> None:
    promised = told(replace(paged(), timeline=()), "#status", "U1", NOON, NOON)
    incident = reminded(promised, NOON)
    reply = reminder_message(incident, next(pages(incident)))
    assert reply.text.endswith("the next update was promised by 12:00 UTC.")
    assert reply.buttons[0].call is not None
    assert reply.buttons[0].call.skill == "stakeholder_update"
    assert list(violations(blocks.blocks(reply))) == []
