"""The call graph."""

from knowledge.causes.calls import Calls


def test_callers_and_callees() -> None:
    calls = Calls([("web", "pay"), ("web", "db"), ("pay", "db"), ("pay", "pay")])
    assert calls.callees("pay") == {"db"}
    assert calls.callers("db") == {"web", "pay"}
    assert calls.callees("nobody") == frozenset()
