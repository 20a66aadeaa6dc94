"""The life of an incident in Slack beyond its alerts: opened by hand, given back, explained,
exported, merged and split."""

from collections.abc import Iterator
from typing import Any

import pytest
from running_world import World, running_world, stand_ins
from test_incident import CHANNEL, batch, card_of, trouble
from test_incident import alert as fires

from bot.playground.client import PersonClient
from bot.playground.shown import Message
from knowledge.catalogue import Catalogue

SHOP = Catalogue.from_topology(
    {
        "edges": [["storefront", "basket"], ["courier-app", "dispatch"]],
        "services": ["mailer", "payment", "ledger"],
        "owners": {"basket": "shop"},
    }
)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    parts: dict[str, Any] = {**stand_ins(), "catalogue": SHOP}
    with running_world("socket", tmp_path_factory.mktemp("bot"), parts=parts) as running:
        yield running


@pytest.fixture
def ada(lived: World) -> PersonClient:
    return lived.person("ada")


def id_of(card: Message) -> str:
    return next(w for w in card.text_shown.split() if w.startswith("INC-"))


def incident_of(lived: World, card: Message) -> Any:
    return lived.bot.parts.store.incidents.get(id_of(card))


def whispered(person: PersonClient, words: str) -> Message:
    return person.wait_for(words, channel=CHANNEL, timeout=60)


def test_opened_by_hand_and_given_back(lived: World, ada: PersonClient) -> None:
    ada.command("/incident open payment: customers are charged twice sev2", CHANNEL)
    ada.click(whispered(ada, "Open an incident of payment?"), "Open")
    view = ada.wait_for_view("Open an incident", timeout=60)
    ada.submit(view, {"text": "three tickets so far"})
    card = card_of(lived, "customers are charged twice", "none yet")
    assert "opened it by hand: three tickets so far" in card.text_shown
    ada.click(card, "Acknowledge")
    ada.click(card_of(lived, "charged twice", "acknowledged by ada"), "Unacknowledge")
    card_of(lived, "charged twice", "open, not acknowledged", "nobody yet")


def test_more_explains_and_exports(lived: World, ada: PersonClient) -> None:
    lived.webhook(trouble("basket"))
    card = card_of(lived, "basket", "team shop")
    ada.click(card, "More")
    more = whispered(ada, f"{id_of(card)}: more")
    assert {"Why these alerts?", "Silence", "Merge", "Split", "Export"} <= set(more.buttons)

    ada.click(more, "Why these alerts?")
    why = whispered(ada, f"Why these alerts in {id_of(card)}?")
    ada.click(why, "SlowRequests on basket")
    reasons = whispered(ada, f"Why is SlowRequests on basket in {id_of(card)}?")
    assert "*Sent*\n1 time" in reasons.text_shown
    assert "Not related" in reasons.buttons

    ada.click(more, "Export")
    whispered(ada, "as a direct message")
    sent = [f for m in ada.read(ada.dm()) for f in m.files]
    assert {f["name"] for f in sent} == {f"{id_of(card)}.md", f"{id_of(card)}.json"}
    text = ada.download(next(f["url"] for f in sent if f["name"].endswith(".md"))).decode()
    assert text.startswith(f"# {id_of(card)}: basket")


def test_two_that_are_one_are_merged(lived: World, ada: PersonClient) -> None:
    lived.webhook(trouble("mailer"))
    mailer = card_of(lived, "mailer")
    lived.webhook(trouble("ledger"))
    ledger = card_of(lived, "ledger")
    assert id_of(mailer) != id_of(ledger)
    ada.command(f"/incident merge {id_of(ledger)} into {id_of(mailer)}", CHANNEL)
    ada.click(whispered(ada, f"Merge {id_of(ledger)} into {id_of(mailer)}?"), "Merge")
    gone = ada.wait_until(ledger, lambda m: f"Show {id_of(mailer)}" in m.buttons, timeout=60)
    assert f"merged into {id_of(mailer)}" in gone.text_shown
    merged = f"{id_of(ledger)} was merged in"
    # By its place: which of the two services it is named after may change with the cause.
    ada.wait_until(
        mailer, lambda m: merged in m.text_shown and "4 firing of 4" in m.text_shown, timeout=60
    )
    assert not incident_of(lived, ledger).is_open
    (lesson, *_) = lived.bot.parts.store.lessons.all()
    assert lesson.by == ada.id

    lived.webhook(batch(fires("ledger", "QueueBacklog")))
    ada.wait_until(mailer, lambda m: "5 firing of 5" in m.text_shown, timeout=60)


def test_what_is_another_trouble_is_split_off(lived: World, ada: PersonClient) -> None:
    both = [*trouble("dispatch")["alerts"], *trouble("courier-app")["alerts"]]
    lived.webhook(batch(*both))
    card = card_of(lived, "dispatch", "4 firing of 4")
    ada.click(card, "More")
    ada.click(whispered(ada, f"{id_of(card)}: more"), "Split")
    ada.click(whispered(ada, f"Split {id_of(card)} by what?"), "Choose")
    view = ada.wait_for_view("Split", timeout=60)
    ada.submit(view, {"what": "service:courier-app"})
    alone = card_of(lived, "courier-app: ", "2 firing of 2")
    assert id_of(alone) != id_of(card)
    assert card_of(lived, "dispatch: ", "2 firing of 2").ts == card.ts
