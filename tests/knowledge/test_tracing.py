import threading
from contextvars import copy_context

import pytest

from knowledge.together import ask_together
from knowledge.tracing import Trace, adopt, begun, of_name, read_traceparent, trace, traced

SENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def test_nothing_is_traced_outside() -> None:
    assert trace() == Trace()
    assert trace().traceparent == ""


def test_the_work_inside_belongs_to_it() -> None:
    with traced(Trace("a" * 32)):
        with traced(Trace("b" * 32, "c" * 16)):
            assert trace().traceparent == f"00-{'b' * 32}-{'c' * 16}-01"
        assert trace().id == "a" * 32
    assert trace().id == ""


def test_a_cause_found_later_holds_to_the_end_of_the_block() -> None:
    with traced(begun()):
        adopt(Trace("b" * 32))
        assert trace().id == "b" * 32
    assert trace() == Trace()


def test_outside_nothing_is_adopted() -> None:
    copy_context().run(adopt, Trace("b" * 32))
    adopt(Trace("b" * 32))
    assert trace() == Trace()


def test_what_has_a_name_has_the_same_trace_everywhere() -> None:
    assert of_name("Ev1") == of_name("Ev1") != of_name("Ev2")
    assert len(of_name("Ev1").id) == 32
    assert begun() != begun()


def test_it_goes_into_the_threads_of_questions() -> None:
    with traced(Trace("a" * 32)):
        answers = ask_together({"one": trace, "two": threading.current_thread}, 20)
    assert answers.given["one"] == Trace("a" * 32)
    assert answers.given["two"] is not threading.current_thread()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (SENT, Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")),
        (SENT.upper(), Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")),
        (f"01{SENT[2:]}-more", Trace("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331")),
        ("", None),
        ("00-abc-def-01", None),
        (f"ff{SENT[2:]}", None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01", None),
        (SENT + "\nX: 1", None),
    ],
)
def test_the_senders_trace(header: str, found: Trace | None) -> None:
    assert read_traceparent(header) == found
