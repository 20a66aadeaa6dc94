"""A version is promoted by two people, and by nobody else."""

from running_world import World

CHANNEL = "#ml-models"


def test_a_promotion_needs_a_second_person_with_the_right(world: World) -> None:
    dev, chloe, ada = (world.person(n) for n in ("dev", "chloe", "ada"))
    models = world.bot.parts.models
    dev.command("/promote eta-model 5 because it is better on every depot", channel=CHANNEL)
    dev.wait_for("The card of APR-1 is in this channel", channel=CHANNEL, timeout=60)
    card = chloe.wait_for(lambda m: "Approve" in m.buttons, channel=CHANNEL, timeout=60)
    assert "better on every depot" in card.text_shown
    assert "rmse 10.2 instead of 12.3" in card.text_shown

    dev.click(card, "Approve")
    dev.wait_for("Not allowed", channel=CHANNEL, timeout=60)
    ada.click(card, "Approve")
    ada.wait_for("Not allowed", channel=CHANNEL, timeout=60)
    champion = models.champion("eta-model")
    assert champion is not None
    assert champion.version == "2"

    chloe.click(card, "Approve")
    decided = chloe.wait_until(card, lambda m: "Approved by *chloe*" in m.text_shown, timeout=60)
    assert "Approve" not in decided.buttons
    told = ada.wait_for("champion of eta-model moved", channel=CHANNEL, timeout=60)
    assert told.thread_ts == card.ts
    champion = models.champion("eta-model")
    assert champion is not None
    assert champion.version == "5"

    ada.say(CHANNEL, "@tandem who approved eta-model v5?")
    ada.wait_for(lambda m: "chloe" in m.text_shown and m.ts != card.ts, channel=CHANNEL, timeout=60)

    chloe.command("/rollback eta-model", channel=CHANNEL)
    asked = dev.wait_for(
        lambda m: "Approve" in m.buttons and m.ts != card.ts, channel=CHANNEL, timeout=60
    )
    dev.click(asked, "Reject")
    view = dev.wait_for_view(timeout=60)
    dev.submit(view, {"reason": "v5 is fine"})
    dev.wait_until(asked, lambda m: "v5 is fine" in m.text_shown, timeout=60)
    champion = models.champion("eta-model")
    assert champion is not None
    assert champion.version == "5"
