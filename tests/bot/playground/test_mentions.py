import pytest

from bot.playground.mentions import mentions, typed
from bot.playground.workspace import Group, Workspace


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("@tandem help", "<@U0TANDEM00> help"),
        ("hi @ben.", "hi <@U02BEN00000>."),
        ("@Ada, see #incidents", "<@U01ADA00000>, see <#C01INCIDENT|incidents>"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("mail ada@ben.example and @nobody", "mail ada@ben.example and @nobody"),
        ("@here look", "<!here> look"),
        ("@ml-leads, please", "<!subteam^S02MLLEADS0>, please"),
        ("<@U0TANDEM00> typed by hand", "&lt;@U0TANDEM00&gt; typed by hand"),
    ],
)
def test_what_is_typed_is_stored_as_slack_does(text: str, stored: str) -> None:
    workspace = Workspace()
    assert typed(text, workspace) == stored


def test_commands_get_names_too() -> None:
    workspace = Workspace()
    said = typed("@ben @sre", workspace, with_names=True)
    assert said == "<@U02BEN00000|ben> <!subteam^S01SRE00000|@sre>"
    assert mentions(said, "U02BEN00000")


def test_a_group_that_is_disabled_is_only_a_word() -> None:
    workspace = Workspace(groups=(Group("sre", "Site reliability", ("ada",), enabled=False),))
    assert typed("@sre", workspace) == "@sre"


def test_a_group_of_somebody_who_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="@sre: there is no zoe"):
        Workspace(groups=(Group("sre", "Site reliability", ("ada", "zoe")),))
