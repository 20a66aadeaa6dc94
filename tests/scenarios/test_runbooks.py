"""A runbook is offered on an incident's card and gone through by clicks, with real programs."""

from collections.abc import Iterator

import pytest
from running_world import World, running_world, stand_ins
from test_incident import card_of, trouble

from knowledge.records import Document, DocumentKind

CHANNEL = "#incidents"
TITLE = "Roll back a release"
RUNBOOK = """
# Roll back a release

```toml tandem=parameters
[service]
from = "service"
[version]
pattern = "[0-9.]+"
```

1. Look at it.

   ```toml tandem=shell
   argv = ["/bin/echo", "looking", "at", "{service}"]
   reads_only = true
   ```

2. Roll it back.

   ```toml tandem=shell
   argv = ["/bin/echo", "rolled", "back", "{service}", "{version}"]
   dry_argv = ["/bin/echo", "would", "roll", "back", "{service}", "{version}"]
   confirm = "Roll back for everybody?"
   ```
"""
RUNNERS = """
folder = "steps"
[[runbook]]
id = "roll-back"
[[shell.allow]]
argv = ["/bin/echo", "looking", "at", { pattern = "[a-z]+" }]
reads_only = true
[[shell.allow]]
argv = ["/bin/echo", "rolled", "back", { pattern = "[a-z]+" }, { pattern = "[0-9.]+" }]
[[shell.allow]]
argv = ["/bin/echo", "would", "roll", "back", { pattern = "[a-z]+" }, { pattern = "[0-9.]+" }]
reads_only = true
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("bot")
    (folder / "runners.toml").write_text(RUNNERS, "utf-8")
    settings = {"tandem_runners": folder / "runners.toml"}
    with running_world("socket", folder, settings=settings, parts=stand_ins()) as running:
        tags = ("alert:HighError*",)
        runbook = Document("roll-back", TITLE, RUNBOOK, DocumentKind.RUNBOOK, tags=tags)
        running.bot.parts.library.add([runbook])
        yield running


def test_from_the_alert_to_the_end_of_its_runbook(world: World) -> None:
    ada, eva = world.person("ada"), world.person("eva")
    world.webhook(trouble("checkout"))
    incident = card_of(world, "checkout", "Runbooks to run")
    ada.click(incident, f"Run: {TITLE}")
    view = ada.wait_for_view("Run a runbook", timeout=60)
    ada.submit(view, {"set.version": "4.17.3"})
    card = ada.wait_for(lambda m: "EXE-1 · " in m.text_shown, channel=CHANNEL, timeout=60)
    assert "service = checkout, version = 4.17.3" in card.text_shown

    eva.click(card, "Run step 1")
    eva.wait_for("Not allowed", channel=CHANNEL, timeout=60)
    ada.click(card, "Run step 1")
    card = ada.wait_until(card, lambda m: "Dry run of step 2" in m.buttons, timeout=60)
    ada.click(card, "Dry run of step 2")
    card = ada.wait_until(card, lambda m: "Run step 2" in m.buttons, timeout=60)
    assert "would roll back checkout 4.17.3" in card.text_shown
    ada.click(card, "Run step 2")
    card = ada.wait_until(card, lambda m: "2 of 2 steps done" in m.text_shown, timeout=60)
    ada.wait_for(
        lambda m: m.thread_ts == card.ts and "rolled back checkout 4.17.3" in m.text_shown,
        channel=CHANNEL,
        timeout=60,
    )
    told = "".join(m.text_shown for m in ada.thread(CHANNEL, card.ts))
    assert "looking at checkout" in told
    incident = ada.wait_until(incident, lambda m: "EXE-1" in m.text_shown, timeout=60)

    ada.click(card, "End")
    ada.wait_until(card, lambda m: "Ended: 2 of 2 steps done." in m.text_shown, timeout=60)
    audit = world.bot.parts.store.audit.find(skill="runbook_step")
    assert {entry.outcome for entry in audit} == {"ok", "done", "Denied"}
    assert list((world.folder / "steps").iterdir()) == []
