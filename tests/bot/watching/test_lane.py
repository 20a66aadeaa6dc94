"""The queue and the threads of one source."""

import logging
import threading
from collections.abc import Iterator, Sequence

import pytest

from bot.watching.lane import Due, Lane

WAIT_S = 20.0


class Reader:
    """Work that notes what it was given and goes on only when it is let go."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], int]] = []
        self.go = threading.Event()
        self.went = threading.Semaphore(0)
        self.started = threading.Semaphore(0)
        self.again: list[Due] = []

    def __call__(self, dues: Sequence[Due], at_ms: int) -> Sequence[Due]:
        self.calls.append(([due.key for due in dues], at_ms))
        self.started.release()
        assert self.go.wait(WAIT_S)
        self.went.release()
        again, self.again = self.again, []
        return again

    def wait(self, count: int) -> None:
        for _ in range(count):
            assert self.went.acquire(timeout=WAIT_S)


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def lane(reader: Reader) -> Iterator[Lane]:
    made = Lane("prometheus", reader, workers=1, most_together=3)
    yield made
    reader.go.set()
    made.stop(WAIT_S)


def held(lane: Lane, reader: Reader) -> None:
    """Its only thread is busy until the reader is let go."""
    lane.add([Due("busy", "busy", 1)])
    assert reader.started.acquire(timeout=WAIT_S)


def test_a_monitor_waits_in_it_once(lane: Lane, reader: Reader) -> None:
    held(lane, reader)
    assert lane.add([Due("a", "up", 2), Due("b", "up", 2)]) == 0
    assert lane.add([Due("a", "up", 3), Due("busy", "busy", 3)]) == 2
    assert lane.waiting() == 2
    reader.go.set()
    reader.wait(2)
    assert reader.calls[1] == (["a", "b"], 3)


def test_what_joins_goes_together_up_to_its_limit(lane: Lane, reader: Reader) -> None:
    held(lane, reader)
    lane.add([Due(key, key, 2, joins=True) for key in "abcd"])
    lane.add([Due("e", "a", 2, joins=True)])
    reader.go.set()
    reader.wait(3)
    assert [keys for keys, _ in reader.calls[1:]] == [["a", "e", "b", "c"], ["d"]]


def test_whoever_waits_longest_goes_first(lane: Lane, reader: Reader) -> None:
    held(lane, reader)
    lane.add([Due("a", "a", 3, joins=True)])
    lane.add([Due("b", "b", 2), Due("c", "c", 4)])
    reader.go.set()
    reader.wait(4)
    assert [keys for keys, _ in reader.calls[1:]] == [["b"], ["a"], ["c"]]


def test_what_is_given_back_is_read_again_alone(lane: Lane, reader: Reader) -> None:
    held(lane, reader)
    reader.again = [Due("x", "x", 1), Due("y", "y", 1)]
    reader.go.set()
    reader.wait(3)
    assert [keys for keys, _ in reader.calls] == [["busy"], ["x"], ["y"]]


def test_work_that_breaks_leaves_the_lane_working(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    def work(dues: Sequence[Due], at_ms: int) -> Sequence[Due]:
        if dues[0].key == "bad":
            raise RuntimeError("broken")
        done.set()
        return ()

    lane = Lane("prometheus", work, workers=1)
    with caplog.at_level(logging.ERROR, "tandem.watching"):
        lane.add([Due("bad", "bad", 1), Due("good", "good", 1)])
        assert done.wait(WAIT_S)
        lane.stop(WAIT_S)
    assert "reading prometheus" in caplog.text
    assert not lane.busy()


def test_no_more_threads_than_allowed_and_all_of_them_used(reader: Reader) -> None:
    lane = Lane("prometheus", reader, workers=2)
    lane.add([Due(key, key, 1) for key in "abc"])
    for _ in range(2):
        assert reader.started.acquire(timeout=WAIT_S)
    assert not reader.started.acquire(timeout=0.05)
    reader.go.set()
    reader.wait(3)
    lane.stop(WAIT_S)


def test_after_its_end_it_takes_nothing(lane: Lane, reader: Reader) -> None:
    reader.go.set()
    lane.stop(WAIT_S)
    assert lane.add([Due("a", "a", 1)]) == 1
    assert not lane.busy()
    lane.stop(WAIT_S)
