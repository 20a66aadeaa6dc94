"""Bounds of size and time, against a server that keeps none."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import pytest

from knowledge.adapters.rest import Refused
from knowledge.adapters.telemetry.asking import Asker, ask_all, open_client, signed_in
from knowledge.errors import Unavailable, UserError

Serve = Callable[[Any], str]


class Answers:
    """Answers each path with what it is given; keeps the headers of the last request."""

    def __init__(self, by_path: Mapping[str, Any]) -> None:
        self.by_path = by_path
        self.asked: list[str] = []
        self.headers: Mapping[str, str] = {}

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> Any:
        self.asked.append(path)
        self.headers = headers
        return self.by_path[path]


ELSEWHERE = (302, None, {"Location": "/secret"})


@pytest.mark.parametrize(
    ("answer", "words", "retry"),
    [
        ((200, "<html>sign in</html>"), "answers something else than JSON objects", False),
        ((200, "[1]"), "answers something else than JSON objects", False),
        (ELSEWHERE, "leads elsewhere (302), which is not followed", False),
        ((400, {"error": {"reason": "no such field", "type": "x"}}), "400: no such field", False),
        ((400, "parse error at line 1"), "answers 400: parse error at line 1", False),
        ((500, {"data": None, "errors": [{"code": 500, "msg": "down"}]}), "500: down", True),
        ((429, None), "answers 429", True),
        ((200, {"much": "x" * 3000}), "larger than", False),
    ],
)
def test_a_failure_is_said_in_the_service_s_words(
    serve: Serve, answer: Any, words: str, retry: bool
) -> None:
    service = Answers({"/ask": answer, "/secret": (200, {})})
    with closing(Asker("Loki", serve(service), open_client(5, most_bytes=2000))) as asker:
        with pytest.raises(Unavailable) as caught:
            asker.get("/ask")
        assert words in str(caught.value)
        assert caught.value.retry is retry
        assert service.asked == ["/ask"]


def test_what_asks_says_who_it_is(serve: Serve) -> None:
    service = Answers({"/ask": (200, {"a": 1})})
    headers = signed_in(user="u", password="p")
    with closing(Asker("Loki", serve(service), open_client(5, headers))) as asker:
        assert asker.get("/ask") == {"a": 1}
    assert service.headers["authorization"] == "Basic dTpw"
    assert service.headers["accept-encoding"] == "identity"
    assert signed_in(token="t") == {"Authorization": "Bearer t"}
    assert signed_in(key="k") == {"Authorization": "ApiKey k"}
    assert signed_in() == {}


@contextmanager
def dripping() -> Iterator[str]:
    """A server that sends a byte now and then, for ever."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            near, _ = listener.accept()
            with near:
                near.recv(65536)
                near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                while not over.wait(0.05):
                    try:
                        near.sendall(b" ")
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def test_an_answer_that_never_ends_is_given_up() -> None:
    with (
        dripping() as url,
        closing(Asker("Loki", url, open_client(0.2))) as asker,
        pytest.raises(Unavailable, match="did not answer in time"),
    ):
        asker.get("/ask")


def test_nobody_there() -> None:
    with (
        closing(Asker("Loki", "http://127.0.0.1:9", open_client(1))) as asker,
        pytest.raises(Unavailable, match=r"cannot be reached \(ConnectError\)"),
    ):
        asker.get("/ask")


def test_many_questions_are_asked_until_too_many_fail() -> None:
    def fail() -> int:
        raise Refused("Loki", "answers 500", 500, retry=True)

    def refuse() -> int:
        raise UserError("wrong")

    answers, failures = ask_all({"a": lambda: 1, "b": refuse, "c": refuse, "d": refuse, "e": fail})
    assert answers == {"a": 1}
    assert len(failures) == 4
    asked: list[int] = []

    def count() -> int:
        asked.append(1)
        return fail()

    answers, failures = ask_all(dict.fromkeys(map(str, range(50)), count), at_once=1)
    assert answers == {}
    assert len(failures) == 3
    assert len(asked) == 3


def test_questions_end_when_their_time_is_up() -> None:
    over = threading.Event()

    def wait() -> int:
        over.wait(0.4)
        return 1

    answers, failures = ask_all({"a": wait, "b": wait}, at_once=1, seconds=0.05)
    assert answers == {}
    assert "not all was read within 0.05 s" in str(failures[0])
    assert ask_all({}) == ({}, [])
