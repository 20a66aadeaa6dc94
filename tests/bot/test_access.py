import pytest

from bot.access import Rights, check
from knowledge.errors import Denied
from skills.contract import Role, User


@pytest.mark.parametrize(
    ("operators", "approvers", "user", "role"),
    [
        ("*", "", "U9", Role.OPERATE),
        ("U1, U2", "", "U2", Role.OPERATE),
        ("U1, U2", "", "U9", Role.READ),
        ("", "", "U1", Role.READ),
        ("U1", "U2", "U2", Role.APPROVE),
        ("", "*", "U9", Role.APPROVE),
        ("<@U1>,,", "", "U1", Role.OPERATE),
    ],
)
def test_roles_follow_from_the_lists(operators: str, approvers: str, user: str, role: Role) -> None:
    assert Rights.read(operators, approvers).role(user) is role


def test_who_may_is_a_list_of_people_not_the_star() -> None:
    rights = Rights.read("*, U1", "U2")
    assert rights.who(Role.APPROVE) == {"U2"}
    assert rights.who(Role.OPERATE) == {"U1", "U2"}


@pytest.mark.parametrize("role", [Role.APPROVE, Role.OPERATE])
def test_one_who_has_the_right_passes_and_nobody_is_looked_up(role: Role) -> None:
    def who(_: Role) -> str:
        raise AssertionError("names cost a call to Slack each")

    check(User("U1", "ada", role), Role.OPERATE, who)
    check(User("U1", "ada", role), Role.READ, who)


@pytest.mark.parametrize(
    ("needs", "who", "words"),
    [
        (Role.APPROVE, "chloe, dev", "not approve or reject. These people may: chloe, dev."),
        (Role.APPROVE, "", "Nobody is named in TANDEM_APPROVERS yet."),
        (Role.OPERATE, "", "Nobody is named in TANDEM_OPERATORS yet."),
    ],
)
def test_a_refusal_says_what_is_missing_and_who_has_it(needs: Role, who: str, words: str) -> None:
    with pytest.raises(Denied) as refused:
        check(User("U3", "eva", Role.READ), needs, lambda _: who)
    assert words in str(refused.value)
