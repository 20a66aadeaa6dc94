"""A reader's Context lets nothing be changed."""

from dataclasses import fields

import pytest

from knowledge.adapters.memory.store import MemoryStore
from knowledge.errors import Denied
from knowledge.records import Incident, Severity, Status
from skills.contract import Context, Reply, Role, User
from skills.reading_only import OPEN, PLAIN, REPLACED, reading_only
from skills.testing import NOON, context

STORE = MemoryStore()


def reader() -> Context:
    given = {name: getattr(STORE, name) for name in ("incidents", "changes", "alerts", "silences")}
    return reading_only(context(user=User("U1", "ada", Role.APPROVE), via_button=True, **given))


def test_it_has_the_askers_name_and_no_more_rights_than_reading() -> None:
    ctx = reader()
    assert (ctx.user.id, ctx.user.role, ctx.via_button) == ("U1", Role.READ, False)
    ctx.progress(Reply("not shown"))


def test_what_reads_is_open() -> None:
    assert reader().incidents.find() == []


@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("incidents", "open"),
        ("incidents", "change"),
        ("changes", "add"),
        ("silences", "end"),
        ("promoting", "vote"),
        ("models", "set_champion"),
        ("watching", "pause"),
        ("executions", "open"),
        ("triage", "merge"),
        ("library", "add"),
    ],
)
def test_what_changes_is_closed(port: str, method: str) -> None:
    with pytest.raises(Denied, match=f"{port}.{method} is closed"):
        getattr(getattr(reader(), port), method)


def test_nothing_can_be_woken_started_or_asked_of_a_model() -> None:
    ctx = reader()
    gone = (ctx.pager, ctx.trainer, ctx.rooms, ctx.llm, ctx.investigator, ctx.ledger, ctx.tickets)
    assert not any(gone)


def test_no_port_is_open_by_name_that_is_not_there() -> None:
    known = {field.name for field in fields(Context)}
    assert {*OPEN, *PLAIN, *REPLACED} <= known


def test_a_change_is_refused_before_it_happens() -> None:
    draft = Incident("", "title", "cart", Severity.SEV2, Status.OPEN, NOON, NOON)
    with pytest.raises(Denied):
        reader().incidents.open(draft)
    assert STORE.incidents.find() == []
