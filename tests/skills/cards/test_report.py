"""A report as a card and a file."""

from datetime import UTC, datetime

from knowledge.summary import Group, SourceText, Statement
from knowledge.summary.report import Part, report
from skills.cards.report import MOST_LINES, report_reply

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)


def test_long_sections_are_cut_on_the_card_and_whole_in_the_file() -> None:
    told = tuple(Statement("", Group.STATE, f"Fact {n}.", ("E1",)) for n in range(12))
    known = {"E1": SourceText("E1", NOON, "note", "facts", url="https://chat.example/1")}
    made = report("Title", "Lead.", NOON, [Part("Facts", told), Part("Empty", ())], known)
    card = report_reply(made, "facts")
    assert [s.heading for s in card.sections] == ["Facts"]
    assert len(card.sections[0].lines) == MOST_LINES + 1
    assert card.sections[0].lines[-1].text == "and 4 more, in the file"
    assert card.sections[0].lines[0].sources == ("E1",)
    file = card.attachments[0].content.decode()
    assert "- Fact 11. [1]" in file
    assert "1. [E1, 5 March 12:00 UTC](https://chat.example/1)" in file
