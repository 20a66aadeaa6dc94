"""A Prometheus and a language model, small and well; the wire in front of them is what fails.

Asked meanwhile: does everything that needs neither go on, are people told once, is nobody kept
waiting for longer than the bot's own patience, and is no thread of the bot held for ever?
"""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.faults.processes import wait_until
from benchmarks.faults.promise import shown
from benchmarks.faults.scenarios import Row, closed, stormy
from benchmarks.faults.wire import HTTP_NONSENSE, Trouble, Wire
from benchmarks.faults.world import World, world
from bot.playground.shown import Message

MONITORS = 5
EVERY_S = 10
TOLD_S = 180.0
"""An outage of so long is told of for certain: two minutes from the third failure in a row, which
is noticed when it is asked again, at most half a minute later."""
AGAIN_S = 60.0
PATIENCE_S = 4.0
"""TANDEM_LLM_TIMEOUT."""
A_LITTLE_S = 4.0
"""For everything else that an answer takes on a busy machine."""
STRAY = 8
"""Threads more or less: pools grow and shrink."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.answered = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Those who ask leave in the middle: that is what is tried here."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status, answer = self.answer(body)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        self.server.answered += 1

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        """The status and what is said."""
        raise NotImplementedError

    def log_message(self, *args: object) -> None:
        """Quiet."""


class _Metrics(_Handler):
    """A Prometheus in which everything has the value 1 now, and no past."""

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        now = {"metric": {"job": "shop"}, "value": [time.time(), "1"]}
        if self.path.endswith("query_range"):
            return 200, {"status": "success", "data": {"resultType": "matrix", "result": []}}
        return 200, {"status": "success", "data": {"resultType": "vector", "result": [now]}}


class _Chat(_Handler):
    """A language model that words each note by a word before it. It has no embeddings."""

    def answer(self, body: bytes) -> tuple[int, dict[str, Any]]:
        if not self.path.endswith("/chat/completions"):
            return 404, {"error": {"message": "no such model"}}
        try:
            notes = json.loads(json.loads(body)["messages"][-1]["content"])
            said = json.dumps({key: f"Reportedly {note}" for key, note in notes.items()})
        except (ValueError, AttributeError):
            said = "I cannot say."
        message = {"role": "assistant", "content": said}
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return 200, {
            "id": "1",
            "object": "chat.completion",
            "created": 1,
            "model": "small",
            "choices": [choice],
        }


@contextmanager
def _serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[_Server]:
    """It answers inside the block."""
    server = _Server(handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def prometheus(trouble: Trouble, seconds: float = 200.0) -> Row:
    """Monitors go blind and see again; nothing else is disturbed."""
    with (
        TemporaryDirectory(prefix="faults-monitors-") as folder,
        _serving(_Metrics) as metrics,
        Wire(("127.0.0.1", metrics.server_port)) as wire,
        world(settings=_watching(Path(folder), wire)) as made,
    ):
        made.bot.start()
        wait_until(lambda: metrics.answered > MONITORS, "the monitors do not ask")
        # The first question ever loads what the others find loaded.
        _question(made)
        threads = _threads(made)
        with stormy(made, every_s=2.0, new=0.1):
            wire.trouble(trouble, nonsense=HTTP_NONSENSE)
            waits = _asked(made, seconds)
            # The one that was on its way when the wire failed.
            blind = metrics.answered
            wire.mend()
            began = time.monotonic()
        sees = _since(began, lambda: metrics.answered > blind + MONITORS)
        must_tell = seconds >= TOLD_S
        if must_tell:
            sees = max(sees, _since(began, lambda: bool(_notes(made, "answers again"))))
        found, took = made.recovered(began)
        notes = _notes(made, "Prometheus")
        wrong = [*_answers(waits), *_left(made, threads)]
        if len(notes) != must_tell:
            wrong.append(f"{len(notes)} messages say that monitors are blind")
        found = replace(found, problems=(*found.problems, *wrong))
        fault = f"Prometheus: {trouble.value}"
        told = "one message, edited when it answered again" if notes else ""
        words = f"{len(waits)} questions answered, the slowest in {max(waits):.1f} s"
        return closed(made, Row(fault, 1, found, max(took, sees), told, words))


def language_model(trouble: Trouble, times: int = 5) -> Row:
    """People who ask for a summary get the one in the product's own words instead."""
    with (
        _serving(_Chat) as chat,
        Wire(("127.0.0.1", chat.server_port)) as wire,
        world(settings=_talking(wire)) as made,
    ):
        made.bot.start()
        with stormy(made, every_s=2.0, new=0.1):
            # The first ones import the client, which may take longer than the patience.
            first = [_summary(made) for _ in range(3)]
            before = max(first, key=lambda s: s[1])
            threads = _threads(made)
            asked = wire.connections
            wire.trouble(trouble, nonsense=HTTP_NONSENSE)
            waits = [_summary(made) for _ in range(times)]
            asked = wire.connections - asked
            wire.mend()
            began = time.monotonic()
            last = _summary(made)
        found, took = made.recovered(began)
        # What else an answer takes depends on how busy the machine is.
        usual = max(A_LITTLE_S, 2 * max(wait for wait, _ in first[1:]))
        wrong = [*_answers([w for w, _ in waits], PATIENCE_S + usual), *_left(made, threads)]
        if asked < times:
            wrong.append(f"the model was asked {asked} times only")
        wrong += [
            f"not worded by the model {when} it" for when, by in _worded(before, last) if not by
        ]
        found = replace(found, problems=(*found.problems, *wrong))
        slowest = max(w for w, _ in waits)
        words = f"{times} summaries without it, the slowest in {slowest:.1f} s of {PATIENCE_S:g}"
        return closed(
            made, Row(f"the language model: {trouble.value}", times, found, took, "", words)
        )


def _watching(folder: Path, wire: Wire) -> dict[str, Any]:
    monitors = folder / "monitors.toml"
    of = '[[metric]]\nname = "m{n}"\nquery = "value_{n}"\nabove = 5\nevery = "{every}s"\n'
    monitors.write_text("\n".join(of.format(n=n, every=EVERY_S) for n in range(MONITORS)))
    return {"prometheus_url": f"http://127.0.0.1:{wire.port}", "tandem_monitors": monitors}


def _talking(wire: Wire) -> dict[str, Any]:
    return {
        "openai_base_url": f"http://127.0.0.1:{wire.port}/v1",
        "openai_api_key": "not-a-secret",
        "openai_model": "small",
        "tandem_llm_timeout": PATIENCE_S,
    }


def _asked(made: World, seconds: float, every_s: float = 10.0) -> list[float]:
    """Somebody asks now and then for so long: how long each answer took."""
    until = time.monotonic() + seconds
    waits = []
    while (left := until - time.monotonic()) > 0:
        waits.append(_question(made))
        time.sleep(max(0.0, min(every_s - waits[-1], left)))
    return waits


def _question(made: World) -> float:
    """One of somebody: how long its answer took."""
    ben = made.person("ben")
    began = time.monotonic()
    ts = ben.say("#general", "@tandem list incidents")
    ben.wait_for(lambda m: _is_answer(m, ts), channel="#general", timeout=AGAIN_S)
    return time.monotonic() - began


def _is_answer(message: Message, asked: str) -> bool:
    working = "Looking into it" in message.text_shown
    return message.is_bot and message.thread_ts == asked and not working


def _summary(made: World) -> tuple[float, bool]:
    """Of some incident: how long it took, and whether the model worded it."""
    ben = made.person("ben")
    card = ben.wait_for("Catch me up", channel="#incidents", timeout=AGAIN_S)
    ben.say("#incidents", "Root cause found: the coupon job filled the pool", thread=card.ts)
    last = max((m.ts for m in ben.read("#incidents")), default="")
    began = time.monotonic()
    ben.click(card, "Catch me up")
    answer = ben.wait_for(
        lambda m: "Post here" in m.buttons, channel="#incidents", timeout=AGAIN_S, after=last
    )
    return time.monotonic() - began, "Worded by" in answer.text_shown


def _worded(
    before: tuple[float, bool], after: tuple[float, bool]
) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return (("before", before[1]), ("after", after[1]))


def _answers(waits: list[float], most_s: float = AGAIN_S / 4) -> Iterator[str]:
    yield from (f"an answer took {wait:.0f} s" for wait in waits if wait > most_s)


def _notes(made: World, words: str) -> list[str]:
    """What the channel says of the source, as it stands now."""
    return [shown(m) for m in made.said() if words in shown(m) and "lind" in shown(m)]


def _since(began: float, done: Callable[[], bool]) -> float:
    """Seconds from `began` until then."""
    wait_until(done, "it is not as before", seconds=2 * AGAIN_S)
    return time.monotonic() - began


def _threads(made: World) -> int:
    return len(os.listdir(f"/proc/{made.bot.pid}/task"))


def _left(made: World, before: int) -> Iterator[str]:
    """Threads that the trouble left behind."""
    more = _threads(made) - before
    if more > STRAY:
        yield f"{more} threads more than before"
