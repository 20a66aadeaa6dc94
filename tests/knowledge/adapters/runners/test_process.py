"""Real programs: what they see, how much of them is kept, and that nothing outlives a step."""

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.adapters.runners.process import Tail, run_process
from knowledge.errors import Unavailable
from knowledge.ports.remediation import Ended
from tests.knowledge.adapters.runners.steps import MakesPlace

CHILDREN = """
import os, subprocess, sys, time
code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
near = subprocess.Popen([sys.executable, "-c", code])
far = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
with open("children", "w") as file:
    file.write(f"{near.pid} {far.pid}")
os.rename("children", "ready")
print("started", flush=True)
if sys.argv[1] == "stay":
    time.sleep(60)
"""


def gone(number: int) -> bool:
    """Also a dead one that nobody reaped counts as gone."""
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def all_gone(numbers: list[int]) -> bool:
    for _ in range(200):
        if all(map(gone, numbers)):
            return True
        time.sleep(0.01)
    return False


def python(code: str, *words: str) -> list[str]:
    return [sys.executable, "-c", code, *words]


def test_it_sees_nothing_of_our_environment(
    place: MakesPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    code = "import os; print(sorted(os.environ)); print(os.getcwd()); print(os.environ['KEY'])"
    at = place()
    outcome = run_process(python(code), at, env={"KEY": "given"})
    assert outcome.ended is Ended.DONE
    names, folder, given = outcome.output.splitlines()
    assert "SLACK_BOT_TOKEN" not in names
    assert (folder, given) == (str(at.folder), "given")


def test_its_exit_code_says_how_it_went(place: MakesPlace) -> None:
    outcome = run_process(python("import sys; sys.exit('no such disk')"), place())
    assert (outcome.ended, outcome.exit_code) == (Ended.FAILED, 1)
    assert outcome.output == "no such disk\n"


def test_what_is_not_there_is_not_started(place: MakesPlace) -> None:
    with pytest.raises(Unavailable, match="No such file"):
        run_process(["/nowhere/program"], place())


@pytest.mark.parametrize(("seconds", "wanted"), [(60.0, Ended.CANCELLED), (1.5, Ended.TIMED_OUT)])
def test_it_ends_with_its_children(place: MakesPlace, seconds: float, wanted: Ended) -> None:
    """One child ignores the request to end, the other has left the group too."""
    at = place(seconds)
    ready = at.folder / "ready"
    stop: Callable[[], bool] = ready.exists if seconds == 60 else bool
    outcome = run_process(python(CHILDREN, "stay"), place(seconds, stop))
    assert outcome.ended is wanted
    assert all_gone([int(number) for number in ready.read_text().split()])


def test_children_do_not_outlive_one_that_ended_well(place: MakesPlace) -> None:
    at = place()
    outcome = run_process(python(CHILDREN, "go"), at)
    assert (outcome.ended, outcome.output) == (Ended.DONE, "started\n")
    assert all_gone([int(number) for number in (at.folder / "ready").read_text().split()])


def test_too_much_output_loses_its_middle(place: MakesPlace) -> None:
    code = "print('first'); print('x' * 500_000); print('last')"
    outcome = run_process(python(code), place(), most_output=1_000)
    assert outcome.output.startswith("first\n")
    assert outcome.output.endswith("\nlast\n")
    assert "bytes are left out" in outcome.output
    assert len(outcome.output) < 1_100


def test_input_is_empty_rather_than_waited_for(place: MakesPlace) -> None:
    assert run_process(python("input()"), place()).ended is Ended.FAILED


def test_a_tail_keeps_all_that_fits() -> None:
    tail = Tail(10)
    for part in (b"ab", b"cd", b"efgh"):
        tail.add(part)
    assert tail.text() == "abcdefgh"
    tail.add(b"ijkl")
    assert tail.text() == "abcde\n[... 2 bytes are left out ...]\nhijkl"
