from typing import Any

import pytest

from bot.home import SHOWN, home_replies
from knowledge.errors import NotFound, TandemError, Unavailable
from skills.contract import Context, NoArgs, Reply, Skill
from skills.registry import BUILTIN
from skills.testing import context


def says(name: str, error: TandemError | None = None) -> Skill[Any]:
    def run(ctx: Context, args: NoArgs) -> Reply:
        if error:
            raise error
        return Reply(f"{name} for {ctx.user.name}")

    return Skill(name, "Say something", (), NoArgs, run)


def test_the_parts_come_in_their_order_and_others_stay_out() -> None:
    skills = [says(name) for name in ("help", "audit", "incident_list", "my_models")]
    titles = [reply.title for reply in home_replies(context(), skills)]
    assert titles == ["my_models for ada", "incident_list for ada", "help for ada"]


@pytest.mark.parametrize(
    "error", [Unavailable("mlflow", "is not connected"), NotFound("model", "any")]
)
def test_what_fails_is_left_out(error: TandemError) -> None:
    skills = [says("incident_list"), says("my_requests", error), says("help")]
    titles = [reply.title for reply in home_replies(context(), skills)]
    assert titles == ["incident_list for ada", "help for ada"]


def test_what_is_shown_exists_and_can_be_asked_without_arguments() -> None:
    by_name = {skill.name: skill for skill in BUILTIN}
    for name in SHOWN:
        by_name[name].args()
