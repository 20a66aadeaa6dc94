"""Stands for a system that is not configured: any use says which setting switches it on."""

from datetime import datetime
from typing import NoReturn

from knowledge.drift import Profile
from knowledge.errors import Unavailable
from knowledge.records import ColumnRoles, Frame, ModelVersion, Sample, Series


class _Absent:
    def __init__(self, system: str, setting: str) -> None:
        self._system = system
        self._setting = setting

    def _refuse(self) -> NoReturn:
        raise Unavailable(
            self._system, f"it is not connected; set {self._setting} to connect it", retry=False
        )


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

    def set_champion(self, model: str, version: str) -> ModelVersion:
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
