"""The draft of a post-mortem: complete, blameless, and it asks where it cannot know."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from knowledge.incident_files import read_incident
from knowledge.records import Incident
from knowledge.summary import sources_of
from knowledge.summary.blameless import is_blameless
from knowledge.summary.postmortem import postmortem
from knowledge.summary.report import Report, report_markdown

Talk = Callable[..., Incident]

NOW = datetime(2026, 1, 10, 16, tzinfo=UTC)
OWN = sorted((Path(__file__).parents[3] / "benchmarks" / "summaries_own").glob("*.json"))[::2]


def texts(draft: Report, heading: str) -> str:
    return " | ".join(s.text for s in draft.part(heading).statements)


def test_sections_in_the_order_in_which_they_are_read(incident: Incident) -> None:
    assert [p.heading for p in postmortem(incident, NOW).parts] == [
        "Summary", "Impact", "Time line (UTC)", "Detection", "Cause", "Ruled out", "Five whys",
        "What went well", "What went badly", "Action items",
    ]  # fmt: skip


def test_what_it_tells(incident: Incident) -> None:
    draft = postmortem(incident, NOW)
    assert "742 customers" in texts(draft, "Impact")
    assert "Alert CheckoutErrorRate fired at 14:02, 18%" in texts(draft, "Detection")
    assert "only speaks TLS 1.2" in texts(draft, "Cause")
    assert "canary for tls changes by 20 Jan (owner: mei)" in texts(draft, "Action items")
    whys = draft.part("Five whys")
    assert whys.open
    assert len(whys.statements) == 5
    assert all(s.text.endswith("?") for s in whys.statements)


def test_every_sentence_has_a_source_that_exists(incident: Incident) -> None:
    known = sources_of(incident)
    draft = postmortem(incident, NOW)
    for part in draft.parts:
        for statement in part.statements:
            assert statement.sources
            assert set(statement.sources) <= set(known)


@pytest.mark.parametrize("file", OWN, ids=lambda f: f.stem)
def test_nobody_is_blamed(file: Path) -> None:
    incident = read_incident(file.read_text("utf-8"), file.name)
    people = {m.user for m in incident.thread if m.user != "tandem"}
    people |= {c.author for c in incident.changes if c.author and c.author != c.service}
    draft = postmortem(incident, NOW)
    for part in draft.parts:
        if part.heading != "Action items":
            for statement in part.statements:
                assert is_blameless(statement.text, people), statement.text


def test_as_markdown_it_is_a_document_with_its_sources(incident: Incident) -> None:
    text = report_markdown(postmortem(incident, NOW))
    assert text.startswith("# Post-mortem of INC-7: Checkout failing\n")
    assert "## Five whys\n\n_Questions for the people who were there._" in text
    assert text.count("\n## ") == 11
    assert "1. INC-7, 10 January 14:05 UTC" in text


def test_of_an_incident_of_which_nothing_is_recorded(talk: Talk) -> None:
    draft = postmortem(talk(), NOW)
    assert "not resolved yet" in texts(draft, "Summary")
    assert texts(draft, "Cause") == "Not established in the record."
    assert "- Nothing is recorded." in report_markdown(draft)
