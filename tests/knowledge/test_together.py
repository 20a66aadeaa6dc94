import threading
from collections.abc import Callable

from knowledge.errors import TandemError, Unavailable
from knowledge.together import ask_together


def fail() -> int:
    raise Unavailable("Loki", "is down")


def test_each_question_is_answered_or_failed() -> None:
    answers = ask_together({"a": lambda: 1, "b": fail, "c": lambda: 3}, seconds=10)
    assert answers.given == {"a": 1, "c": 3}
    assert {key: str(error) for key, error in answers.failed.items()} == {"b": "Loki: is down"}
    assert answers.late == ()
    nothing: dict[str, Callable[[], int]] = {}
    assert ask_together(nothing, seconds=10).late == ()


def test_a_slow_lane_does_not_hold_up_the_others() -> None:
    over = threading.Event()

    def wait() -> int:
        over.wait(10)
        return 1

    slow = {("slow", n): wait for n in range(3)}
    quick = {("quick", n): (lambda: 2) for n in range(3)}
    try:
        answers = ask_together({**slow, **quick}, 0.3, at_once=1, lane=lambda key: key[0])
    finally:
        over.set()
    assert answers.given == dict.fromkeys(quick, 2)
    assert answers.late == tuple(slow)
    failed: dict[tuple[str, int], TandemError] = {}
    assert answers.failed == failed
