import socket
from collections.abc import Iterator
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUnixStreamServer
from threading import Thread

import pytest

from benchmarks.faults.wire import HTTP_NONSENSE, Trouble, Wire

SOON = 0.1
"""Nothing has come by then."""


class Echo(BaseRequestHandler):
    """Says what it hears, and keeps it."""

    heard: list[bytes] = []  # noqa: RUF012 shared by the connections of one test

    def handle(self) -> None:
        while said := self.request.recv(100):
            self.heard.append(said)
            self.request.sendall(said)


class Server(ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False


class UnixServer(ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False


@pytest.fixture
def wire() -> Iterator[Wire]:
    Echo.heard.clear()
    with Server(("127.0.0.1", 0), Echo) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with Wire(("127.0.0.1", server.socket.getsockname()[1])) as running:
            yield running
        server.shutdown()


@pytest.fixture
def line(wire: Wire) -> Iterator[socket.socket]:
    """A connection that was made before the trouble."""
    with connected(wire) as made:
        made.sendall(b"hello")
        assert made.recv(100) == b"hello"
        yield made


def connected(wire: Wire) -> socket.socket:
    return socket.create_connection(("127.0.0.1", wire.port), timeout=5)


def ask_anew(wire: Wire) -> bytes:
    with connected(wire) as line:
        return line.recv(100)


def silent(line: socket.socket) -> bool:
    line.settimeout(SOON)
    try:
        return not line.recv(100)
    except TimeoutError:
        return True
    finally:
        line.settimeout(5)


def asked(line: socket.socket, said: bytes) -> bytes:
    line.sendall(said)
    return line.recv(len(said))


def test_what_is_said_passes_both_ways(wire: Wire, line: socket.socket) -> None:
    assert asked(line, b"again") == b"again"
    assert wire.connections == 1


def test_a_refusing_wire_resets_what_is_open_and_takes_nobody(
    wire: Wire, line: socket.socket
) -> None:
    port = wire.port
    wire.trouble(Trouble.REFUSE)
    with pytest.raises(ConnectionResetError):
        line.recv(100)
    with pytest.raises(ConnectionRefusedError):
        connected(wire)
    wire.mend()
    assert wire.port == port
    with connected(wire) as anew:
        assert asked(anew, b"back") == b"back"


def test_a_hanging_wire_is_silent_and_what_was_said_is_heard_afterwards(
    wire: Wire, line: socket.socket
) -> None:
    wire.trouble(Trouble.HANG)
    with connected(wire) as new:
        new.sendall(b"new")
        line.sendall(b"old")
        assert silent(new)
        assert silent(line)
        assert Echo.heard == [b"hello"]
        wire.mend()
        assert (new.recv(100), line.recv(100)) == (b"new", b"old")


def test_a_cut_wire_resets_whoever_comes(wire: Wire, line: socket.socket) -> None:
    wire.trouble(Trouble.CUT)
    with pytest.raises(ConnectionResetError):
        line.recv(100)
    with pytest.raises(ConnectionResetError):
        ask_anew(wire)


def test_a_single_cut_leaves_the_wire_as_it_was(wire: Wire, line: socket.socket) -> None:
    wire.cut()
    with pytest.raises(ConnectionResetError):
        line.recv(100)
    with connected(wire) as anew:
        assert asked(anew, b"again") == b"again"


@pytest.mark.parametrize("nonsense", [b"", HTTP_NONSENSE])
def test_nonsense_is_the_answer_and_the_question_goes_nowhere(
    wire: Wire, line: socket.socket, nonsense: bytes
) -> None:
    wire.trouble(Trouble.GARBAGE, nonsense=nonsense)
    line.sendall(b"what?")
    said = line.recv(1000)
    assert said != b"what?"
    assert not nonsense or said == nonsense
    assert Echo.heard == [b"hello"]


def test_a_trickle_comes_byte_by_byte(wire: Wire, line: socket.socket) -> None:
    wire.trouble(Trouble.TRICKLE, seconds=0.01)
    line.sendall(b"slowly")
    assert [line.recv(100) for _ in b"slowly"] == [b"s", b"l", b"o", b"w", b"l", b"y"]


def test_a_trickle_that_is_mended_says_the_rest_at_once(wire: Wire, line: socket.socket) -> None:
    wire.trouble(Trouble.TRICKLE, seconds=0.05)
    line.sendall(b"slowly")
    assert line.recv(100) == b"s"
    wire.mend()
    rest = b""
    while len(rest) < 5:
        rest += line.recv(100)
    assert rest == b"lowly"


def test_a_delay_takes_its_time(wire: Wire, line: socket.socket) -> None:
    wire.trouble(Trouble.DELAY, seconds=2 * SOON)
    line.sendall(b"late")
    assert silent(line)
    assert line.recv(100) == b"late"


def test_a_lost_answer_was_heard(wire: Wire, line: socket.socket) -> None:
    wire.trouble(Trouble.LOSE)
    line.sendall(b"done?")
    with pytest.raises(ConnectionResetError):
        line.recv(100)
    assert Echo.heard == [b"hello", b"done?"]


def test_a_unix_socket_is_served_as_a_port(tmp_path: Path) -> None:
    path = tmp_path / "echo"
    with UnixServer(str(path), Echo) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        with Wire(path) as wire, connected(wire) as line:
            assert asked(line, b"unix") == b"unix"
        server.shutdown()
