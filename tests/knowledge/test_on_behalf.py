"""Who work is done for travels with it, also into other threads."""

from knowledge.deadline import within
from knowledge.on_behalf import Behalf, behalf, on_behalf


def test_what_is_given_replaces_what_was_known_and_the_rest_stays() -> None:
    with on_behalf(user="U1", turn="t1"):
        with on_behalf(purpose="route"):
            assert behalf() == Behalf(user="U1", turn="t1", purpose="route")
        assert behalf() == Behalf(user="U1", turn="t1")
    assert behalf() == Behalf()


def test_it_goes_along_into_the_thread_of_a_call_with_a_deadline() -> None:
    with on_behalf(user="U1"):
        assert within(5, behalf, "a call") == Behalf(user="U1")
