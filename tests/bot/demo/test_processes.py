"""Real children: each test starts its own and none is left behind."""

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from bot.demo.processes import Children, Served, free_port
from knowledge.errors import UserError

SLEEP = "import time; time.sleep(600)"
WITH_GRANDCHILD = f"""
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", {SLEEP!r}])
print(child.pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""


def wait_until(look: Callable[[], object]) -> None:
    for _ in range(2000):
        if look():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def alive(pid: int) -> bool:
    """Running; one that ended and waits to be collected is not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    made = Children(tmp_path / "logs")
    yield made
    made.stop()


def start(children: Children, name: str, code: str, **env: str) -> int:
    children.start(name, [sys.executable, "-c", code], env)
    return children._running[-1][1].pid


def said(children: Children, name: str) -> str:
    return (children.logs / f"{name}.log").read_text()


def test_children_are_ended(children: Children) -> None:
    pids = [start(children, name, SLEEP) for name in ("one", "two")]
    assert all(map(alive, pids))
    children.stop()
    assert not any(map(alive, pids))
    children.stop()


def test_what_a_child_started_ends_with_it(children: Children) -> None:
    child = start(children, "parent", WITH_GRANDCHILD)
    wait_until(lambda: said(children, "parent").endswith("\n"))
    grandchild = int(said(children, "parent"))
    assert alive(grandchild)
    children.stop()
    assert not alive(child)
    wait_until(lambda: not alive(grandchild))


def test_what_a_dead_child_left_behind_is_ended_too(children: Children) -> None:
    leaves = WITH_GRANDCHILD.replace("time.sleep(600)\n", "")
    start(children, "leaver", leaves)
    wait_until(lambda: children._running[0][1].poll() is not None)
    grandchild = int(said(children, "leaver"))
    assert alive(grandchild)
    children.stop()
    wait_until(lambda: not alive(grandchild))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of our death")
def test_children_end_when_we_are_killed(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from bot.demo.processes import Children
children = Children(Path({str(tmp_path)!r}))
children.start("child", [sys.executable, "-c", {SLEEP!r}], {{}})
print(children._running[0][1].pid, flush=True)
time.sleep(600)
"""
    outer = Children(tmp_path / "outer")
    pid = start(outer, "demo", code)
    wait_until(lambda: said(outer, "demo").endswith("\n"))
    inner = int(said(outer, "demo"))
    assert alive(inner)
    os.kill(pid, 9)
    wait_until(lambda: not alive(inner))
    outer.stop()


def test_one_that_does_not_start_is_named(children: Children) -> None:
    with pytest.raises(UserError, match="prometheus did not start"):
        children.start("prometheus", ["/nowhere/prometheus"], {})


def test_one_that_dies_is_told_with_its_last_words(children: Children) -> None:
    code = "for i in range(30): print('line', i)\nraise SystemExit(3)"
    start(children, "mlflow", code)
    wait_until(lambda: children._running[0][1].poll() is not None)
    with pytest.raises(UserError) as died:
        children.check()
    words = str(died.value)
    assert words.startswith("mlflow ended with code 3.")
    assert "line 29" in words
    assert "line 3\n" not in words


def test_those_that_live_are_not_complained_of(children: Children) -> None:
    start(children, "one", SLEEP)
    children.check()


def test_settings_and_output_reach_a_child_and_its_log(children: Children) -> None:
    start(children, "echo", "import os, sys; print(os.environ['A'], file=sys.stderr)", A="b c")
    wait_until(lambda: said(children, "echo") == "b c\n")


def test_waiting_ends_with_the_first_good_answer(children: Children) -> None:
    asked = []

    def answer(_: object) -> PlainTextResponse:
        asked.append(1)
        return PlainTextResponse("x", 503 if len(asked) == 1 else 200)

    port = free_port()
    served = Served(Starlette(routes=[Route("/health", answer)]), port)
    shares: list[float] = []
    children.wait_for(f"http://127.0.0.1:{port}/health", 20, shares.append)
    served.stop()
    assert len(asked) == 2
    assert all(0 <= share < 1 for share in shares)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health")


def test_waiting_ends_when_a_child_died(children: Children) -> None:
    start(children, "bot", "raise SystemExit('SLACK_BOT_TOKEN is not set')")
    with pytest.raises(UserError, match="SLACK_BOT_TOKEN is not set"):
        children.wait_for(f"http://127.0.0.1:{free_port()}/", 60, lambda share: None)


def test_waiting_in_vain_says_where_to_look(children: Children) -> None:
    url = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(UserError, match=r"did not answer within 0\.1 s") as waited:
        children.wait_for(url, 0.1, lambda share: None)
    assert str(children.logs) in str(waited.value)


def test_a_stubborn_child_is_killed(children: Children) -> None:
    pid = start(children, "stubborn", STUBBORN)
    wait_until(lambda: said(children, "stubborn") == "ready\n")
    children.grace_s = 0.2
    children.stop()
    assert not alive(pid)


def test_the_wanted_port_is_taken_if_it_is_free() -> None:
    wanted = free_port()
    assert free_port(wanted) == wanted
    with socket.create_server(("127.0.0.1", 0)) as busy:
        taken = busy.getsockname()[1]
        assert free_port(taken) != taken
    assert 0 < free_port(99999) < 65536
