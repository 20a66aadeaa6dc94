from datetime import datetime, timedelta

import pytest

from bot.demo.panel import MEND, DemoPanel
from bot.demo.world import BREAKAGES, Breakage, World
from skills.testing import NOON


class Visit:
    """A panel before a world, the time in the test's hands."""

    def __init__(self) -> None:
        self.world = World()
        self.at = NOON
        self.broke: list[Breakage] = []
        self.panel = DemoPanel(
            self.world, self.now, self.broke.append, [("MLflow", "http://m")], [{"label": "note"}]
        )

    def now(self) -> datetime:
        return self.at

    def busy(self) -> dict[str, bool]:
        return {action["id"]: action["busy"] for action in self.panel.state()["actions"]}

    def facts(self) -> dict[str, str]:
        facts = self.panel.state()["facts"]
        return {f["label"]: f"{f['level']}: {f['value']}" for f in facts if "value" in f}


def test_at_rest_everything_can_be_broken_and_nothing_mended() -> None:
    visit = Visit()
    assert visit.busy() == dict.fromkeys([b.id for b in BREAKAGES], False)
    assert visit.facts() == {"Services": "good: 11 well"}
    state = visit.panel.state()
    assert state["links"] == [{"label": "MLflow", "url": "http://m"}]
    assert state["facts"][0] == {"label": "note"}


def test_what_is_pressed_breaks_and_is_told_once() -> None:
    visit = Visit()
    assert "Bad deploy" in visit.panel.press("deploy", "U1")
    assert [b.id for b in visit.broke] == ["deploy"]
    visit.at += timedelta(seconds=30)
    assert visit.busy()["deploy"]
    assert "bad" in visit.facts()["checkout-api"]
    assert "21% errors" in visit.facts()["checkout-api"]


def test_drift_shows_though_no_service_is_ill() -> None:
    visit = Visit()
    visit.panel.press("drift", "U1")
    visit.at += timedelta(seconds=30)
    assert list(visit.facts()) == ["eta-model inputs"]


def test_mending_ends_all() -> None:
    visit = Visit()
    visit.panel.press("storm", "U1")
    visit.at += timedelta(seconds=30)
    assert MEND in visit.busy()
    visit.panel.press(MEND, "U1")
    assert MEND not in visit.busy()
    assert visit.facts() == {"Services": "good: 11 well"}


def test_an_unknown_button_is_refused_and_breaks_nothing() -> None:
    visit = Visit()
    with pytest.raises(KeyError):
        visit.panel.press("meteor", "U1")
    assert visit.broke == []
