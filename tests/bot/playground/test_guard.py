"""Whose requests the playground answers."""

import pytest

from bot.playground.guard import host_is_ours, origin_is_ours


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:5000", True),
        ("localhost", True),
        ("[::1]:5000", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost@evil.example", False),
        ("evil.example@localhost", False),
        ("localhost/x", False),
        ("localhost#.evil.example", False),
        ("[::1", False),
        ("", False),
    ],
)
def test_a_host_is_ours_when_it_is_loopback(host: str, ours: bool) -> None:
    assert host_is_ours(host) is ours


def test_an_origin_is_ours_when_it_is_the_host_itself() -> None:
    assert origin_is_ours(None, "localhost:1")
    assert origin_is_ours("http://localhost:1", "localhost:1")
    assert not origin_is_ours("http://localhost:2", "localhost:1")
    assert not origin_is_ours("null", "localhost:1")
    assert not origin_is_ours("http://[::1", "localhost:1")
