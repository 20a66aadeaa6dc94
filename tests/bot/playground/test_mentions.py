import pytest

from bot.playground.mentions import mentions, typed
from bot.playground.workspace import Workspace


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("@tandem help", "<@U0TANDEM00> help"),
        ("hi @ben.", "hi <@U02BEN00000>."),
        ("@Ada, see #incidents", "<@U01ADA00000>, see <#C01INCIDENT|incidents>"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("mail ada@ben.example and @nobody", "mail ada@ben.example and @nobody"),
        ("@here look", "<!here> look"),
        ("<@U0TANDEM00> typed by hand", "&lt;@U0TANDEM00&gt; typed by hand"),
    ],
)
def test_what_is_typed_is_stored_as_slack_does(text: str, stored: str) -> None:
    workspace = Workspace()
    assert typed(text, workspace.person, workspace.channel) == stored


def test_commands_get_names_too() -> None:
    workspace = Workspace()
    said = typed("@ben", workspace.person, workspace.channel, with_names=True)
    assert said == "<@U02BEN00000|ben>"
    assert mentions(said, "U02BEN00000")
