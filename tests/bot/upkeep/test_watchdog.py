from datetime import datetime, timedelta
from pathlib import Path

from bot.build import build
from bot.settings import Settings
from bot.upkeep.watchdog import EVERY, PREFIX, Watchdog
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.adapters.memory.store import MemoryStore
from knowledge.incidents import open_from
from knowledge.records import Incident, Signal
from skills.testing import NOON

MINUTE = timedelta(minutes=1)


class Clock:
    def __init__(self) -> None:
        self.at = NOON

    def __call__(self) -> datetime:
        return self.at


def watchdog(cluster: str = "eu", at: datetime = NOON, *, over: bool = False) -> Signal:
    """As prometheus-operator's rules and Alertmanager send it."""
    labels = {"alertname": "Watchdog", "severity": "none", "cluster": cluster}
    ends = at if over else None
    return Signal(f"w-{cluster}", "Watchdog", NOON, at, "alertmanager", ends_at=ends, labels=labels)


class World:
    def __init__(self) -> None:
        self.clock, self.store = Clock(), MemoryStore()
        self.found: list[Signal] = []
        self.dog = self.started()

    def started(self) -> Watchdog:
        within = 10 * MINUTE
        return Watchdog("Watchdog", within, self.store.incidents, self._accept, self.clock)

    def _accept(self, source: str, body: bytes, signals: list[Signal]) -> None:
        assert source == "monitor"
        self.found += signals

    def passes(self, minutes: float) -> None:
        """So much time, looked at as the schedule does."""
        end = self.clock.at + minutes * MINUTE
        while self.clock.at < end:
            self.clock.at += EVERY
            self.dog.look()

    def opened(self) -> Incident:
        """An incident of what was found last."""
        return self.store.incidents.open(open_from(self.found[-1:], self.clock.at))


def test_other_alerts_are_not_its_business() -> None:
    world = World()
    assert not world.dog.hears(Signal("f", "HighErrorRate", NOON, NOON), NOON)
    assert world.dog.hears(watchdog(), NOON)


def test_quiet_while_it_keeps_coming() -> None:
    world = World()
    for _ in range(10):
        world.dog.hears(watchdog(), world.clock.at)
        world.passes(5)
    assert world.found == []


def test_its_silence_is_told_once_and_its_return_ends_it() -> None:
    world = World()
    world.dog.hears(watchdog(), world.clock.at)
    world.passes(30)
    (told,) = world.found
    assert told.fingerprint == f"{PREFIX}w-eu"
    assert told.summary == (
        "The monitoring itself is silent: Watchdog, which always fires, has not come for 10 min "
        "(cluster=eu)"
    )
    assert (told.severity, told.firing) == ("critical", True)
    world.opened()
    world.dog.hears(watchdog(), world.clock.at)
    world.clock.at += EVERY
    world.dog.look()
    (_, ended) = world.found
    assert ended.fingerprint == told.fingerprint
    assert not ended.firing


def test_never_having_come_is_silence_too() -> None:
    world = World()
    world.passes(9)
    assert world.found == []
    world.passes(2)
    (told,) = world.found
    assert told.fingerprint == PREFIX
    world.opened()
    world.dog.hears(watchdog(), world.clock.at)
    world.passes(1)
    assert not world.found[-1].firing


def test_each_sender_is_expected_by_itself() -> None:
    world = World()
    world.dog.hears(watchdog("us"), world.clock.at)
    for _ in range(5):
        world.dog.hears(watchdog("eu"), world.clock.at)
        world.passes(5)
    assert [s.fingerprint for s in world.found] == [f"{PREFIX}w-us"]


def test_one_that_ended_was_not_heard() -> None:
    world = World()
    assert world.dog.hears(watchdog(over=True), world.clock.at)
    world.passes(11)
    assert len(world.found) == 1


def test_what_was_told_before_a_restart_is_not_told_again_and_ends() -> None:
    world = World()
    world.dog.hears(watchdog(), world.clock.at)
    world.passes(11)
    world.opened()
    world.dog = world.started()
    world.passes(11)
    assert [s.fingerprint for s in world.found[1:]] == [PREFIX]  # Nobody has been heard since.
    world.dog.hears(watchdog(), world.clock.at)
    world.passes(1)
    assert {s.fingerprint for s in world.found if not s.firing} >= {f"{PREFIX}w-eu"}


def test_who_takes_over_waits_anew() -> None:
    world = World()
    world.dog.hears(watchdog(), world.clock.at)
    world.passes(1)
    world.clock.at += 60 * MINUTE
    world.dog.look()
    assert world.found == []
    world.passes(11)
    assert len(world.found) == 1


def test_what_a_person_resolved_stays_resolved() -> None:
    world = World()
    world.passes(60)
    assert len(world.found) == 1


def test_how_long_it_was_silent() -> None:
    world = World()
    world.clock.at += 2 * MINUTE
    assert world.dog.silent_s() == 120
    world.dog.hears(watchdog(), world.clock.at)
    assert world.dog.silent_s() == 0


def test_in_the_bot_it_opens_no_incident_and_its_silence_one(tmp_path: Path) -> None:
    clock = Clock()
    settings = Settings(
        _env_file=None,
        slack_bot_token="xoxb-1",
        database_url=f"sqlite:///{tmp_path / 'tandem.db'}",
        tandem_watchdog="Watchdog",
        tandem_watchdog_minutes=5,
    )
    given = {"embedder": HashEmbedder(), "cache": tmp_path / "v.db", "now": clock}
    bot = build(settings, **given)
    try:
        assert bot.watchdog is not None
        bot.accept("alertmanager", b"{}", [watchdog()])
        bot.intake.work()
        assert bot.parts.store.incidents.find() == []
        for _ in range(20):
            clock.at += EVERY
            bot.watchdog.look()
        bot.intake.work()
        (incident,) = bot.parts.store.incidents.find()
        assert incident.title.startswith("monitoring: ")
        assert "The monitoring itself is silent" in incident.signals[0].summary
        bot.accept("alertmanager", b"{}", [watchdog(at=clock.at)])
        bot.intake.work()
        bot.watchdog.look()
        bot.intake.work()
        assert not bot.parts.store.incidents.get(incident.id).firing
    finally:
        bot.parts.close()
