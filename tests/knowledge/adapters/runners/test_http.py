"""Requests to a real server on this machine; where a name leads is said by a table."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from knowledge.adapters.runners.http import HttpRunner
from knowledge.errors import Unavailable, UserError
from knowledge.ports.remediation import Ended
from knowledge.runbooks.runners_file import HostSpec, HttpSpec
from tests.knowledge.adapters.runners.steps import MakesPlace, action

NAME = "panel.example"


@dataclass
class Panel:
    """A service that remembers what it was asked."""

    port: int = 0
    asked: list[tuple[str, str, str, str]] = field(default_factory=list)
    """(method, path, Host, body)"""
    held: threading.Event = field(default_factory=threading.Event)
    """/slow answers when it is set."""

    @property
    def url(self) -> str:
        return f"http://{NAME}:{self.port}"


@pytest.fixture
def panel() -> Iterator[Panel]:
    known = Panel()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length).decode()
            known.asked.append((self.command, self.path, self.headers["Host"], body))
            if self.path == "/slow":
                known.held.wait(20)
            status = {"/moved": 302, "/broken": 500}.get(self.path, 200)
            answer = b"x" * 5_000 if self.path == "/large" else self._told()
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "http://169.254.169.254/latest")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            try:
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True  # The step was ended.

        do_POST = do_GET

        def _told(self) -> bytes:
            return json.dumps({"key": self.headers.get("Authorization", "")}).encode()

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield known
    known.held.set()
    server.shutdown()
    server.server_close()
    thread.join()


def runner(
    url: str,
    addresses: Mapping[str, list[str]] | None = None,
    resolve: Callable[[str, int], list[str]] | None = None,
    **spec: Any,
) -> HttpRunner:
    host = HostSpec.model_validate({"url": url, "private": True, **spec})
    table = addresses or {NAME: ["127.0.0.1"]}
    headers = {host.url: {"Authorization": "Bearer of-the-panel"}}
    return HttpRunner(HttpSpec(host=(host,)), headers, 2_000, resolve or (lambda h, p: table[h]))


def test_a_value_stays_in_its_segment(panel: Panel, place: MakesPlace) -> None:
    step = action("http", f'url = "{panel.url}/lag/{{group}}?n=1"', group="a/b?c=#d")
    outcome = runner(panel.url).run(step, place())
    assert (outcome.ended, outcome.exit_code) == (Ended.DONE, 200)
    assert panel.asked == [("GET", "/lag/a%2Fb%3Fc%3D%23d?n=1", f"{NAME}:{panel.port}", "")]
    assert "Bearer of-the-panel" in outcome.output


def test_a_body_is_json_with_values_in_it(panel: Panel, place: MakesPlace) -> None:
    text = f'method = "POST"\nurl = "{panel.url}/x"\nbody = {{ to = ["{{zone}}"], n = 1 }}'
    step = action("http", text, zone='a", "admin": "yes')
    outcome = runner(panel.url, methods=("POST",)).run(step, place())
    assert outcome.ended is Ended.DONE
    assert json.loads(panel.asked[0][3]) == {"to": ['a", "admin": "yes'], "n": 1}


@pytest.mark.parametrize(
    ("path", "ended", "said"),
    [
        ("/broken", Ended.FAILED, "HTTP 500"),
        ("/moved", Ended.FAILED, "HTTP 302 Found to http://169.254.169.254/latest (not followed)"),
        ("/large", Ended.DONE, "[the rest is left out]"),
    ],
)
def test_what_an_answer_means(
    panel: Panel, place: MakesPlace, path: str, ended: Ended, said: str
) -> None:
    outcome = runner(panel.url).run(action("http", f'url = "{panel.url}{path}"'), place())
    assert outcome.ended is ended
    assert said in outcome.output
    assert len(outcome.output) < 2_200
    assert len(panel.asked) == 1


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "::1",
        "::ffff:10.0.0.1",
        "fd00::1",
        "64:ff9b::a00:1",
        "0.0.0.0",
    ],
)
def test_a_name_that_leads_inside_is_not_called(
    panel: Panel, place: MakesPlace, address: str
) -> None:
    outside = runner(panel.url, {NAME: ["93.184.215.14", address]}, private=False)
    with pytest.raises(UserError, match="private address"):
        outside.run(action("http", f'url = "{panel.url}/x"'), place())
    assert panel.asked == []


def test_the_address_that_was_checked_is_the_one_that_is_called(
    panel: Panel, place: MakesPlace
) -> None:
    """A name that leads elsewhere when it is asked again."""
    answers = iter([["127.0.0.1"], ["192.0.2.1"]])
    step = action("http", f'url = "{panel.url}/x"')
    outcome = runner(panel.url, resolve=lambda host, port: next(answers)).run(step, place())
    assert outcome.ended is Ended.DONE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('url = "http://other.example/x"', "http://other.example:80 may not be called"),
        ('url = "https://panel.example/x"', "https://panel.example:443 may not be called"),
        ('url = "http://panel.example/admin"', "GET /admin may not be called"),
        ('url = "http://panel.example/x"\nmethod = "DELETE"', "DELETE /x may not be called"),
        (
            'url = "http://panel.example/x"\ndry_url = "http://panel.example/%61dmin"',
            "GET /admin may not be called",
        ),
    ],
)
def test_only_what_the_file_names_is_called(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        runner("http://panel.example", paths=("/x*",)).facts(action("http", text))


def test_it_ends_when_it_is_told_to(panel: Panel, place: MakesPlace) -> None:
    step = action("http", f'url = "{panel.url}/slow"')
    outcome = runner(panel.url).run(step, place(30, lambda: bool(panel.asked)))
    assert outcome.ended is Ended.CANCELLED
    assert "what it did there is not known" in outcome.output


def test_it_ends_in_time(panel: Panel, place: MakesPlace) -> None:
    step = action("http", f'url = "{panel.url}/slow"')
    outcome = runner(panel.url).run(step, place(0.3))
    assert outcome.ended in (Ended.TIMED_OUT, Ended.FAILED)
    assert "not known" in outcome.output


def test_nobody_there_says_that_nothing_was_sent(panel: Panel, place: MakesPlace) -> None:
    step = action("http", 'url = "http://panel.example:1/x"')
    outcome = runner("http://panel.example:1").run(step, place())
    assert outcome.ended is Ended.FAILED
    assert "nothing was sent" in outcome.output


def test_a_name_without_an_address_is_unavailable(place: MakesPlace) -> None:
    def fails(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(Unavailable, match="leads to no address"):
        runner(f"http://{NAME}", resolve=fails).run(
            action("http", f'url = "http://{NAME}/x"'), place()
        )


def test_a_dry_run_asks_elsewhere(panel: Panel, place: MakesPlace) -> None:
    text = f'method = "POST"\nurl = "{panel.url}/x"\ndry_url = "{panel.url}/x?dry=1"'
    allowed = runner(panel.url, methods=("GET", "POST"))
    step = action("http", text)
    assert allowed.can_try(step)
    assert allowed.try_out(step, place()).ended is Ended.DONE
    assert [(method, path) for method, path, *_ in panel.asked] == [("GET", "/x?dry=1")]
