"""The call graph."""

from knowledge.causes.calls import Calls


def test_callers_and_callees() -> None:
    calls = Calls([("web", "pay"), ("web", "db"), ("pay", "db"), ("pay", "pay")])
    assert calls.callees("pay") == {"db"}
    assert calls.callers("db") == {"web", "pay"}
    assert calls.callees("nobody") == frozenset()


def test_all_that_a_service_depends_on() -> None:
    calls = Calls([("web", "pay"), ("pay", "db"), ("db", "pay"), ("mail", "db")])
    assert calls.below("web") == {"web", "pay", "db"}
    assert calls.below("mail") == {"mail", "db", "pay"}
    assert calls.below("nobody") == {"nobody"}
