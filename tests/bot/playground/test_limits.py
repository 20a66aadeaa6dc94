from bot.playground.limits import Limits


def test_a_burst_then_one_message_a_second_for_each_channel() -> None:
    limits = Limits()
    assert [limits.wait("chat.postMessage", "C1", 0.0) for _ in range(5)] == [None] * 5
    assert limits.wait("chat.postMessage", "C1", 0.0) == 1
    assert limits.wait("chat.postMessage", "C2", 0.0) is None
    assert limits.wait("chat.postMessage", "C1", 1.0) is None
    assert limits.wait("chat.postMessage", "C1", 1.0) == 1


def test_tier_three_is_fifty_a_minute_over_all_channels() -> None:
    limits = Limits()
    taken = [limits.wait("chat.update", f"C{n}", 0.0) for n in range(51)]
    assert taken == [None] * 50 + [2]


def test_a_scale_and_no_limit() -> None:
    assert [Limits(None).wait("chat.postMessage", "C1", 0.0) for _ in range(99)] == [None] * 99
    half = Limits(0.5)
    assert [half.wait("chat.postMessage", "C1", 0.0) for _ in range(3)] == [None, None, 1]
