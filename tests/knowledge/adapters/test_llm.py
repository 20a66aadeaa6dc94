"""Real LangChain and OpenAI clients against a small server that answers well, badly or never."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from knowledge.adapters.llm import OpenAILLM
from knowledge.errors import Unavailable
from knowledge.ports import Choice, Tool

Reply = Callable[[BaseHTTPRequestHandler], None]
DRIFT = Tool(
    "model_drift",
    "Show drift",
    {"type": "object", "properties": {"model": {"type": "string"}}, "required": ["model"]},
)


class Server(ThreadingHTTPServer):
    """Speaks just enough of /v1/chat/completions; `reply` says how."""

    daemon_threads = True
    reply: Reply
    seen: list[dict[str, Any]]
    stop: threading.Event

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append({**json.loads(body), "auth": self.headers["Authorization"]})
        try:
            self.server.reply(self)
        except OSError:
            self.close_connection = True  # the client has left, as it should

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server(running: Server) -> Iterator[Server]:
    running.seen, running.stop = [], threading.Event()
    yield running
    running.stop.set()


def sending(status: int, body: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        raw = body.encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return reply


def message(**parts: Any) -> str:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", **parts}}
    return json.dumps(
        {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    )


def calling(name: str, arguments: str) -> str:
    call = {"id": "c", "type": "function", "function": {"name": name, "arguments": arguments}}
    return message(content=None, tool_calls=[call])


def llm(server: Server, timeout: float = 20, retries: int = 0) -> OpenAILLM:
    return OpenAILLM(server.url, "key-1", "m", timeout, retries)


def test_it_writes(server: Server) -> None:
    server.reply = sending(200, message(content=" Hello. "))
    assert llm(server).write("Be brief.", "Say hello") == "Hello."
    asked = server.seen[0]
    assert asked["model"] == "m"
    assert asked["temperature"] == 0
    assert asked["auth"] == "Bearer key-1"
    assert [m["content"] for m in asked["messages"]] == ["Be brief.", "Say hello"]


def test_it_chooses_a_tool(server: Server) -> None:
    server.reply = sending(200, calling("model_drift", '{"model": "fraud"}'))
    assert llm(server).choose("Choose.", "drift?", [DRIFT]) == Choice(
        "model_drift", {"model": "fraud"}
    )
    assert server.seen[0]["tools"][0]["function"]["name"] == "model_drift"


@pytest.mark.parametrize(
    "body",
    [
        message(content="I would not know"),
        calling("delete_everything", "{}"),
        calling("model_drift", "{not json"),
    ],
)
def test_no_known_tool_is_no_choice(server: Server, body: str) -> None:
    server.reply = sending(200, body)
    assert llm(server).choose("Choose.", "drift?", [DRIFT]) is None


def test_without_tools_nobody_is_asked(server: Server) -> None:
    assert llm(server).choose("Choose.", "drift?", []) is None
    assert server.seen == []


@pytest.mark.parametrize(
    ("status", "body", "retry"),
    [
        (500, '{"error": "boom"}', True),
        (429, '{"error": "slow down"}', True),
        (401, '{"error": "who are you"}', False),
        (404, "no such model", False),
        (200, "garbage", True),
        (200, "[]", True),
        (200, "{}", True),
        (200, '{"choices": []}', True),
        (200, message(content=""), True),
    ],
)
def test_trouble_is_unavailable(server: Server, status: int, body: str, retry: bool) -> None:
    server.reply = sending(status, body)
    with pytest.raises(Unavailable) as caught:
        llm(server).write("", "hello")
    assert caught.value.retry is retry


def test_a_passing_error_is_tried_again_once(server: Server) -> None:
    answers = iter([sending(503, "{}"), sending(200, message(content="ok"))])
    server.reply = lambda handler: next(answers)(handler)
    assert llm(server, retries=1).write("", "hello") == "ok"
    assert len(server.seen) == 2


def test_a_server_that_hangs_is_left(server: Server) -> None:
    def hang(handler: BaseHTTPRequestHandler) -> None:
        server.stop.wait(30)

    server.reply = hang
    with pytest.raises(Unavailable, match="no answer within"):
        llm(server, timeout=0.3).write("", "hello")


def test_a_server_that_drips_is_left(server: Server) -> None:
    """Each byte comes before any read times out; only the whole takes too long."""

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        while not server.stop.wait(0.05):
            handler.wfile.write(b" ")

    server.reply = drip
    with pytest.raises(Unavailable, match="no answer within"):
        llm(server, timeout=0.5).write("", "hello")


def test_nobody_listening_is_unavailable() -> None:
    gone = OpenAILLM("http://127.0.0.1:9/v1", "", "m", 5, 0)
    with pytest.raises(Unavailable, match="cannot be reached"):
        gone.write("", "hello")
