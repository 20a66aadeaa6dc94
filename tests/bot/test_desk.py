import threading
from queue import Queue

import pytest

from bot.ask import Ask, Place, Way
from bot.desk import Desk, Loop
from bot.testing import MemoryMessenger
from bot.turn import Turn
from knowledge.adapters.memory.store import MemoryOutbox, MemoryStore
from knowledge.errors import BadArgs, NotFound, Unavailable
from knowledge.records import Posted
from skills.contract import Call
from skills.incident_summary import skill as incident_summary
from skills.model_drift import skill as model_drift

SKILLS = (model_drift, incident_summary)
SOON_S = 20.0


class Noted(Turn):
    """Takes down what it was asked; may be told to fail."""

    def __init__(self, error: Exception | None = None) -> None:
        self.asks: list[Ask] = []
        self.error = error

    def handle(self, ask: Ask, messenger: object) -> None:
        self.asks.append(ask)
        if self.error:
            raise self.error


class Gone(MemoryOutbox):
    def find_posted(self, channel: str, ts: str) -> Posted | None:
        raise Unavailable("the database", "is locked")


def outbox_with_card() -> MemoryOutbox:
    outbox = MemoryStore().outbox
    outbox.set_posted(Posted("card:INC-3", "C1", "7.0", "x"))
    outbox.set_posted(Posted("thread:INC-3", "C1", "8.0", "2"))
    return outbox


def desk(turn: Turn, outbox: MemoryOutbox, home: list[str] | None = None) -> Desk:
    opened = home if home is not None else []
    return Desk(turn, MemoryMessenger(), SKILLS, outbox, opened.append)


@pytest.mark.parametrize(
    ("place", "incident"),
    [
        (Place("C1", thread="7.0"), "INC-3"),
        (Place("C1", message="7.0"), "INC-3"),
        (Place("C1", thread="7.0", message="8.0"), "INC-3"),
        (Place("C2", thread="7.0"), ""),
        (Place("C1", thread="8.0"), ""),
        (Place("C1"), ""),
    ],
)
def test_an_ask_is_handed_over_with_the_incident_of_its_thread(place: Place, incident: str) -> None:
    turn = Noted()
    taking = desk(turn, outbox_with_card())
    taking.take(Ask("1", "U1", Way.MENTION, place))
    taking.stop()
    assert [ask.incident for ask in turn.asks] == [incident]


def test_talk_in_the_threads_of_others_is_not_answered() -> None:
    turn = Noted()
    taking = desk(turn, outbox_with_card())
    for number, thread in enumerate(("7.0", "8.0", "9.0", "")):
        taking.take(Ask(str(number), "U1", Way.THREAD, Place("C1", thread=thread)))
    taking.stop()
    assert [ask.id for ask in turn.asks] == ["0"]


def test_what_has_to_be_read_first_is_read_by_a_worker(caplog: pytest.LogCaptureFixture) -> None:
    turn = Noted()
    readers: list[threading.Thread] = []

    def reads() -> Ask:
        readers.append(threading.current_thread())
        return Ask("1", "U1", Way.COMMAND)

    taking = desk(turn, MemoryOutbox())
    taking.take_read(reads)
    taking.take_read(lambda: None)
    taking.take_read(lambda: Ask(str(1 // 0), "U1", Way.COMMAND))
    taking.stop()
    assert [ask.id for ask in turn.asks] == ["1"]
    assert readers[0] is not threading.current_thread()
    assert "ZeroDivisionError" in caplog.text


def test_without_the_store_people_are_still_answered() -> None:
    turn = Noted()
    taking = desk(turn, Gone())
    taking.take(Ask("1", "U1", Way.MENTION, Place("C1", thread="7.0")))
    taking.stop()
    assert [ask.incident for ask in turn.asks] == [""]


def test_slow_answers_do_not_keep_others_waiting() -> None:
    answered: Queue[str] = Queue()
    waits = threading.Event()

    class Slow(Noted):
        def handle(self, ask: Ask, messenger: object) -> None:
            if ask.text == "slow":
                waits.wait(SOON_S)
            answered.put(ask.id)

    taking = desk(Slow(), MemoryOutbox())
    for number in range(5):
        taking.take(Ask(f"slow {number}", "U1", Way.DM, text="slow"))
    taking.take(Ask("quick", "U1", Way.DM))
    assert answered.get(timeout=SOON_S) == "quick"
    waits.set()
    taking.stop()
    assert answered.qsize() == 5


def test_a_home_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fails(user: str) -> None:
        raise RuntimeError(f"no home for {user}")

    homes = Desk(Noted(), MemoryMessenger(), SKILLS, MemoryOutbox(), fails)
    homes.opened_home("U1")
    homes.stop()
    assert "no home for U1" in caplog.text


def test_a_home_is_opened_for_its_person() -> None:
    opened: list[str] = []
    homes = desk(Noted(), MemoryOutbox(), opened)
    homes.opened_home("U1")
    homes.stop()
    assert opened == ["U1"]


def test_stopping_finishes_what_was_taken() -> None:
    turn = Noted()
    taking = desk(turn, MemoryOutbox())
    for number in range(100):
        taking.take(Ask(str(number), "U1", Way.DM))
    taking.stop()
    assert len(turn.asks) == 100


def test_a_form_is_checked_before_its_window_closes() -> None:
    checking = desk(Noted(), MemoryOutbox())
    checking.check(Call("model_drift", {"model": "fraud"}))
    with pytest.raises(BadArgs):
        checking.check(Call("model_drift", {"window": "soon"}))
    with pytest.raises(NotFound, match="model_drift"):
        checking.check(Call("model_drfit", {}))
    checking.stop()


# Loops


def test_a_loop_runs_at_once_again_when_woken_and_ends_when_stopped() -> None:
    rounds = threading.Semaphore(0)
    loop = Loop("quiet", rounds.release, every_s=600)
    loop.start()
    assert rounds.acquire(timeout=20)
    loop.wake()
    assert rounds.acquire(timeout=20)
    loop.stop()
    assert loop._thread is not None
    assert not loop._thread.is_alive()


def test_a_loop_that_gathers_waits_after_a_round_and_still_stops_at_once() -> None:
    rounds = threading.Semaphore(0)

    def work() -> bool:
        rounds.release()
        return True

    loop = Loop("test", work, every_s=600, gather_s=600)
    loop.start()
    assert rounds.acquire(timeout=20)
    loop.stop()
    assert loop._thread is not None
    assert not loop._thread.is_alive()
    assert not rounds.acquire(blocking=False)


def test_a_loop_goes_on_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    rounds = threading.Semaphore(0)

    def work() -> None:
        rounds.release()
        raise RuntimeError("this round failed")

    loop = Loop("sick", work, every_s=0.01)
    loop.start()
    for _ in range(3):
        assert rounds.acquire(timeout=20)
    loop.stop()
    assert "this round failed" in caplog.text


def test_stopping_lets_the_present_round_finish() -> None:
    began, go_on, finished = threading.Event(), threading.Event(), []

    def work() -> None:
        began.set()
        go_on.wait(20)
        finished.append(True)

    loop = Loop("slow", work, every_s=600)
    loop.start()
    assert began.wait(20)
    stopping = threading.Thread(target=loop.stop)
    stopping.start()
    go_on.set()
    stopping.join(20)
    assert finished == [True]


def test_a_loop_that_never_started_can_be_stopped() -> None:
    Loop("new", list, every_s=1).stop()
