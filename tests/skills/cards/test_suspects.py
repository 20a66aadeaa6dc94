from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from knowledge.catalogue import Catalogue
from knowledge.causes.ranking import Clue, ClueKind, Ranking, Suspect
from knowledge.diagnosis import Gathered
from knowledge.diagnosis.gather import MOVE
from knowledge.incidents import open_from
from knowledge.records import Band, Change, Document, Hit, Incident, Signal
from skills.cards.suspects import belief, cause_of, how_sure, suspects_card
from skills.contract import Button, Call, Reply, Style, Tone

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
ALERT = Signal("f1", "Slow", NOON, NOON, service="checkout", id="A1", url="http://prom/1")
DEPLOY = Change(
    "C1", NOON - timedelta(minutes=4), "deploy", "checkout", "retries", "4.2", "ines", "http://ci/1"
)
OLDER = Change("C0", NOON - timedelta(hours=3), "flag", "checkout", "new basket on")
MOVE_7 = Change("MOV-7", NOON - timedelta(minutes=2), MOVE, "fraud", "champion v6 → v7")
PAST = Hit(Document("NP-3", "Pool", "x", url="http://wiki/3"), 1.0, 0.7, Band.SIMILAR)


def incident(cause: str = "") -> Incident:
    return replace(open_from([ALERT], NOON), id="INC-12", cause=cause)


def found(about: Incident | None = None, *changes: Change) -> Gathered:
    return Gathered(
        "checkout", NOON, NOON + timedelta(minutes=20), (ALERT,), (), changes, (PAST,),
        incident=about, catalogue=Catalogue(), missing=("no traces",),
    )  # fmt: skip


def suspect(name: str, probability: float, *clues: Clue, part_of: str = "") -> Suspect:
    kind = "pod" if part_of else "service"
    mine = clues or (Clue(ClueKind.ALERT, f"Slow on {name}", 1.0, NOON, ("A1",)),)
    return Suspect(name, probability, probability, mine, kind, part_of)


def card(
    *suspects: Suspect, about: Incident | None = None, changes: tuple[Change, ...] = ()
) -> Reply:
    ranking = Ranking(suspects, NOON, ("1 alert",), ("no traces",))
    return suspects_card(ranking, found(about, *changes), lambda _: "")


def section(reply: Reply, heading: str) -> list[str]:
    return [line.text for s in reply.sections if s.heading == heading for line in s.lines]


def labels(buttons: tuple[Button, ...]) -> list[str]:
    return [button.label for button in buttons]


def test_the_likeliest_with_its_clues_and_what_speaks_against_it() -> None:
    clues = (
        Clue(ClueKind.CHANGE, "deploy 4.2, 4 min before", 1.8, DEPLOY.at, ("C1",)),
        Clue(ClueKind.PAST, "NP-3 was on it", 0.7, None, ("NP-3",)),
        Clue(ClueKind.EXPLAINED, "payment has alerts of its own", -1.2),
    )
    reply = card(suspect("checkout", 0.84, *clues), about=incident(), changes=(DEPLOY, OLDER))
    assert reply.title == "INC-12: probably checkout"
    assert reply.tone is Tone.WARNING
    assert reply.text == "*checkout* (service): very likely (84 %). It began at 12:00 UTC."
    assert section(reply, "What speaks for it") == ["deploy 4.2, 4 min before", "NP-3 was on it"]
    assert section(reply, "What speaks against it") == ["payment has alerts of its own"]
    assert section(reply, "Changed lately on checkout") == ["09:00 *flag checkout*: new basket on"]
    assert section(reply, "What could not be looked at") == ["no traces"]
    assert [(s.label, s.url) for s in reply.sources] == [
        ("deploy", "http://ci/1"),
        ("NP-3", "http://wiki/3"),
    ]
    assert reply.sections[0].lines[0].sources == (reply.sources[0].key,)
    assert reply.footer.startswith("Looked at 1 alert.")


def test_pods_and_their_service_are_one_suspicion() -> None:
    reply = card(
        suspect("pay-0", 0.4, part_of="pay"),
        suspect("pay", 0.3),
        suspect("cart-1", 0.1, part_of="cart"),
        suspect("cart", 0.05),
        suspect("mail", 0.001),
    )
    assert reply.title == "checkout: probably pay-0"
    assert reply.text.startswith(
        "*pay-0* (pod of pay), or all of pay: likely (70 %); 40 % for the pod alone."
    )
    headings = [s.heading for s in reply.sections if s.heading[0].isdigit()]
    assert headings == ["2. cart-1 (pod of cart): no more than a guess (15 %)"]


@pytest.mark.parametrize(
    ("probability", "says"),
    [
        (1.0, "very likely (99 %)"),
        (0.62, "likely (62 %)"),
        (0.3, "possible (30 %)"),
        (0.1, "no more than a guess (10 %)"),
    ],
)
def test_how_sure_is_said_in_words_and_is_never_certain(probability: float, says: str) -> None:
    assert how_sure(probability) == says


def test_a_weak_suspicion_is_called_one() -> None:
    reply = card(suspect("checkout", 0.3))
    assert reply.title == "checkout: perhaps checkout"
    assert reply.tone is Tone.NEUTRAL
    assert section(reply, "What speaks against it") == [
        "Nothing that was looked at. That is no proof."
    ]


def test_each_suspect_can_be_confirmed_until_the_cause_is_known() -> None:
    blamed = suspect("checkout", 0.6, Clue(ClueKind.CHANGE, "deploy", 1.0, None, ("C1",)))
    reply = card(blamed, suspect("cart", 0.2), about=incident(), changes=(DEPLOY,))
    was_it = [b for s in reply.sections for b in s.buttons]
    assert labels(tuple(was_it)) == ["This was it", "This was it"]
    said = "checkout: deploy checkout 4.2 by ines"
    assert was_it[0].call == Call("cause_found", {"incident": "INC-12", "cause": said})
    assert said in was_it[0].confirm
    known = card(blamed, about=incident("the deploy"), changes=(DEPLOY,))
    assert [b for s in known.sections for b in s.buttons] == []


def test_a_model_that_moved_can_be_rolled_back() -> None:
    blamed = suspect("fraud", 0.9, Clue(ClueKind.CHANGE, "promoted", 2.0, None, ("MOV-7",)))
    reply = card(blamed, about=incident(), changes=(MOVE_7,))
    assert labels(reply.buttons) == [
        "Roll back fraud",
        "Runbook",
        "Similar incidents",
        "Look again",
    ]
    back = reply.buttons[0]
    assert (back.call, back.style) == (Call("rollback", {"model": "fraud"}), Style.DANGER)
    assert back.confirm


def test_nobody_is_named_where_nothing_points_anywhere() -> None:
    reply = card(about=incident())
    assert reply.title == "INC-12: no suspect"
    assert "points anywhere" in reply.text
    assert section(reply, "What could not be looked at") == ["no traces"]


def test_the_cause_names_the_change_that_is_blamed_most() -> None:
    clues = (
        Clue(ClueKind.CHANGE, "flag", 0.2, None, ("C0",)),
        Clue(ClueKind.CHANGE, "deploy", 1.0, None, ("C1",)),
    )
    assert cause_of(suspect("checkout", 0.5, *clues), (DEPLOY, OLDER)).endswith("4.2 by ines")
    assert cause_of(suspect("checkout", 0.5), (DEPLOY,)) == "checkout"
    pair = (suspect("pay-0", 0.6, part_of="pay"), suspect("pay", 0.5))
    assert belief(Ranking(pair, NOON), "pay") == 1.0
