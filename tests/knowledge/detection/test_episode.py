from knowledge.detection.episode import Episode

MINUTE = 60.0
HOUR = 60


def told(
    episode: Episode, beyond: list[float], back: tuple[int, ...] = ()
) -> tuple[list[int], list[int]]:
    """Minutes in which an episode started, and in which one ended."""
    judged = [episode.judge(MINUTE * n, size, n in back) for n, size in enumerate(beyond)]
    return (
        [n for n, (_, started, _) in enumerate(judged) if started],
        [n for n, (_, _, ended) in enumerate(judged) if ended],
    )


def test_it_ends_when_the_value_is_back_though_means_are_not_calm() -> None:
    assert told(Episode(), [0.1] * 5 + [3.0] * 20, back=(15,)) == ([5], [15])


def test_it_ends_when_all_is_calm() -> None:
    assert told(Episode(), [3.0] * 5 + [0.1] * 20) == ([0], [15])


def test_what_stays_for_three_hours_is_the_new_normal_and_not_told_again() -> None:
    assert told(Episode(), [3.0] * 9 * HOUR) == ([0], [3 * HOUR])


def test_after_one_only_what_is_worse_by_far_is_told_for_a_while() -> None:
    once = [3.0] + [0.1] * 20
    assert told(Episode(), [*once, 5.0]) == ([0], [11])
    assert told(Episode(), [*once, 6.0])[0] == [0, 21]
    assert told(Episode(), [*once, *[0.1] * 100, 1.0])[0] == [0, 121]
