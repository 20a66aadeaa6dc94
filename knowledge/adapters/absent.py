"""Stands for a system that is not configured: any use says which setting switches it on."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NoReturn

from knowledge.drift import DriftReport, Profile
from knowledge.errors import NotConnected, NotFound, Unavailable
from knowledge.monitors import AnyMonitor, Watched
from knowledge.promotion import Policy
from knowledge.promotion.deciding import Tally
from knowledge.promotion.evidence import Evidence
from knowledge.promotion.ruling import Asked, Ruling
from knowledge.records import (
    Approval,
    Backtest,
    Ballot,
    ColumnRoles,
    Details,
    Frame,
    Gate,
    LogLine,
    Look,
    ModelFacts,
    ModelVersion,
    Opinion,
    Purpose,
    Sample,
    Series,
    Signal,
    Span,
    Trace,
)


class _Absent:
    def __init__(self, system: str, setting: str) -> None:
        self._system = system
        self._setting = setting

    def _refuse(self) -> NoReturn:
        raise NotConnected(self._system, self._setting)


class AbsentMetrics(_Absent):
    """Metrics without a Prometheus."""

    def __init__(self) -> None:
        super().__init__("Prometheus", "PROMETHEUS_URL")

    def instant(self, query: str, at: datetime) -> list[Sample]:
        self._refuse()

    def range(self, query: str, start: datetime, end: datetime, step_s: float) -> list[Series]:
        self._refuse()


class AbsentModels(_Absent):
    """Models without a registry."""

    def __init__(self) -> None:
        super().__init__("The model registry", "MLFLOW_TRACKING_URI")

    def names(self) -> list[str]:
        self._refuse()

    def versions(self, model: str) -> list[ModelVersion]:
        self._refuse()

    def version(self, model: str, version: str) -> ModelVersion:
        self._refuse()

    def champion(self, model: str) -> ModelVersion | None:
        self._refuse()

    def champions(self) -> dict[str, str]:
        self._refuse()

    def details(self, model: str, version: str) -> Details:
        self._refuse()

    def predictions(self, model: str, version: str) -> dict[str, Frame]:
        self._refuse()

    def set_champion(
        self, model: str, version: str, *, expected: str | None = None
    ) -> ModelVersion:
        self._refuse()


class AbsentGroups(_Absent):
    """Groups of people where there is no chat: the terminal."""

    def __init__(self) -> None:
        super().__init__("Slack", "SLACK_BOT_TOKEN")

    def members(self, group: str) -> frozenset[str]:
        self._refuse()


class AbsentPromoting(_Absent):
    """Promotion where nothing is wired: the offline verbs that need none."""

    def __init__(self) -> None:
        super().__init__("Promotion", "MLFLOW_TRACKING_URI")

    def policy(self, model: str) -> Policy:
        self._refuse()

    def gather(self, model: str, version: str, purpose: Purpose) -> Evidence:
        self._refuse()

    def judge(self, evidence: Evidence) -> tuple[Gate, ...]:
        self._refuse()

    def ask(
        self,
        model: str,
        version: str,
        *,
        by: str,
        by_name: str,
        reason: str,
        purpose: Purpose = Purpose.PROMOTION,
        channel: str = "",
        key: str = "",
    ) -> Asked:
        self._refuse()

    def vote(
        self, approval_id: str, ballot: Ballot, *, by: str, by_name: str, reason: str, saw: str = ""
    ) -> Ruling:
        self._refuse()

    def review(self, approval_id: str, *, by: str, by_name: str, note: str = "") -> Approval:
        self._refuse()

    def undecided(self, model: str = "") -> list[Approval]:
        self._refuse()

    def open_to(self, user: str) -> list[Approval]:
        self._refuse()

    def may(self, approval: Approval, ballot: Ballot, user: str) -> str:
        self._refuse()

    def tally(self, approval: Approval) -> Tally:
        self._refuse()

    def thaw(self, approval: Approval) -> Evidence | None:
        self._refuse()


class AbsentFrames(_Absent):
    """Frames without a file that says where the models' data is."""

    def __init__(self) -> None:
        super().__init__("Model data", "TANDEM_MODELS")

    def names(self) -> list[str]:
        self._refuse()

    def reference(self, model: str) -> Frame:
        self._refuse()

    def current(self, model: str, start: datetime, end: datetime) -> Frame:
        self._refuse()

    def profile(self, model: str) -> Profile:
        self._refuse()

    def span(self, model: str) -> tuple[datetime, datetime] | None:
        self._refuse()

    def roles(self, model: str) -> ColumnRoles:
        self._refuse()

    def about(self, model: str) -> ModelFacts:
        self._refuse()

    def last(self, model: str, rows: int) -> Frame:
        self._refuse()

    def report(
        self,
        model: str,
        start: datetime,
        end: datetime,
        *,
        against: tuple[datetime, datetime] | None = None,
        usual_rows: float = 0.0,
    ) -> DriftReport:
        self._refuse()


class AbsentWatching:
    """Watching without monitors: there is none to be found, and none can be kept."""

    def all(self) -> list[Watched]:
        return []

    def get(self, name: str) -> Watched:
        raise NotFound.among("monitor", name, ())

    def save(self, monitor: AnyMonitor, by: str) -> Watched:
        raise Unavailable("monitors", "no monitors run here", retry=False)

    def remove(self, name: str, by: str) -> None:
        self.get(name)

    def pause(self, name: str, until: datetime | None, by: str) -> Watched:
        return self.get(name)

    def resume(self, name: str, by: str) -> Watched:
        return self.get(name)

    def raise_bar(self, name: str, sure: float, by: str) -> Watched:
        return self.get(name)

    def backtest(self, monitor: AnyMonitor, start: datetime, end: datetime) -> Backtest:
        raise Unavailable("monitors", "no monitors run here", retry=False)

    def trace(self, signal: Signal) -> Trace | None:
        return None

    def looks(self, model: str, since: datetime, until: datetime | None = None) -> list[Look]:
        return []

    def last_look(self, model: str) -> Look | None:
        return None

    def say(self, opinion: Opinion) -> None:
        self.get(opinion.key)

    def opinions(self, key: str = "", since: datetime | None = None) -> list[Opinion]:
        return []


class AbsentTelemetry:
    """Telemetry where none is connected: it answers with nothing, as its port says."""

    sources: tuple[str, ...] = ()

    def for_search(self, note: Callable[[str], None]) -> "AbsentTelemetry":
        return self

    def signals(
        self, services: Sequence[str], start: datetime, end: datetime, step_s: float = 60.0
    ) -> Mapping[str, Mapping[str, Series]]:
        return {}

    def lines(
        self, service: str, start: datetime, end: datetime, limit: int = 1000
    ) -> list[LogLine]:
        return []

    def spans(self, service: str, start: datetime, end: datetime, limit: int = 2000) -> list[Span]:
        return []
