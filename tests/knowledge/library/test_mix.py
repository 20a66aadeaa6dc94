import numpy as np
import pytest

from knowledge.library.mix import Mix, Parts


def parts(**given: float) -> Parts:
    zero = np.zeros(1, dtype=np.float32)
    values = {name: np.array([value], dtype=np.float32) for name, value in given.items()}
    names = ("nearest", "title", "learned_nearest", "learned_title", "share", "crowding")
    kept = {name: values.get(name, zero) for name in names}
    return Parts(**kept, explains=values.get("explains", zero) > 0)


def test_cosines_and_words_add_up() -> None:
    score = Mix().score(parts(nearest=1, title=1, learned_nearest=1, learned_title=1, share=0.5))
    assert score[0] == pytest.approx(0.35 + 0.05 + 0.3 + 0.1 + 0.3)


def test_what_is_near_to_everything_counts_for_less() -> None:
    lone, hub = parts(nearest=0.8, crowding=0.4), parts(nearest=0.8, crowding=0.8)
    assert Mix().score(lone)[0] > Mix().score(hub)[0] > 0


def test_what_explains_counts_for_a_little_more() -> None:
    plain, telling = parts(nearest=0.8), parts(nearest=0.8, explains=1)
    assert Mix().score(telling)[0] == pytest.approx(1.05 * Mix().score(plain)[0])
