"""What can neither be stored nor sent is not there afterwards."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from knowledge.storable import storable, storable_text

ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(ANY)
def test_everything_can_be_sent_and_read_back(value: object) -> None:
    kept = storable(value)
    assert json.loads(json.dumps(kept, allow_nan=False).encode()) == kept
    assert storable(kept) == kept


def test_only_what_cannot_be_kept_is_changed() -> None:
    assert storable_text("grün \U0001f600") == "grün \U0001f600"
    assert storable_text("a\0b\ud800") == "ab?"
    assert storable({"a\0": ["\udfff", math.nan, 1.5, None]}) == {"a": ["?", "nan", 1.5, None]}
