"""Which monitors there are: those of the file, as people changed them in chat, and new ones.

Pure, but for a log line about a change that can no longer be read.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor, state_key
from knowledge.records import KeptMonitor

log = logging.getLogger("tandem.watching")

_ANEW = ("query", "sql", "source", "normal", "side", "zone", "over", "within", "percent", "counter")
"""Fields of a metric monitor after whose change nothing that was learned holds."""
_ANEW_OF_MODEL = ("model", "window", "rows")


@dataclass(frozen=True)
class Listed:
    """One monitor as it holds: the file's, or what people made of it."""

    key: str
    monitor: AnyMonitor
    """With the raised bar, if there is one."""
    plain: AnyMonitor
    """Without it."""
    kept: KeptMonitor | None = None

    def paused(self, now: datetime) -> bool:
        if self.kept is None or not self.kept.paused:
            return False
        return self.kept.paused_until is None or now < self.kept.paused_until


def roster(of_file: Sequence[AnyMonitor], kept: Sequence[KeptMonitor]) -> dict[str, Listed]:
    """By key. A change whose monitor the file no longer has is left alone until it is back."""
    listed = {
        state_key(monitor): Listed(state_key(monitor), monitor, monitor) for monitor in of_file
    }
    for one in kept:
        base = listed.pop(one.key, None)
        found = list_one(one, None if base is None else base.plain)
        if found is not None:
            listed[one.key] = found
    return listed


def list_one(kept: KeptMonitor, of_file: AnyMonitor | None) -> Listed | None:
    """None where there is no such monitor, or no longer."""
    if kept.removed:
        return None
    plain = (read_spec(kept) if kept.spec else None) or of_file
    if plain is None:
        return None
    return Listed(kept.key, with_bar(plain, kept.sure), plain, kept)


def with_bar(monitor: AnyMonitor, sure: float | None) -> AnyMonitor:
    if sure is None or not has_bar(monitor):
        return monitor
    return monitor.model_copy(update={"sure": sure})


def has_bar(monitor: AnyMonitor) -> bool:
    return "sure" in type(monitor).model_fields


def bar_of(monitor: AnyMonitor) -> float:
    return float(getattr(monitor, "sure", 0.5))


def learns_anew(before: AnyMonitor, after: AnyMonitor) -> bool:
    """Whether what was remembered of the one says nothing about the other."""
    if type(before) is not type(after):
        return True
    fields = _ANEW if isinstance(after, MetricMonitor) else _ANEW_OF_MODEL
    return any(getattr(before, name, None) != getattr(after, name, None) for name in fields)


def write_spec(monitor: AnyMonitor) -> str:
    """JSON that `read_spec` reads: lengths of time as people write them, defaults left out."""
    fields = monitor.model_dump(by_alias=True, exclude_defaults=True)
    return json.dumps({**fields, "name": monitor.name}, default=_plain, sort_keys=True)


def read_spec(kept: KeptMonitor) -> AnyMonitor | None:
    """None, and a line in the log, for one that this version of Tandem cannot read."""
    kind = MetricMonitor if kept.key.startswith("metric:") else ModelMonitor
    try:
        return kind.model_validate(json.loads(kept.spec))
    except (ValidationError, ValueError) as error:
        log.warning("monitor %s, as changed in chat, cannot be read: %s", kept.key, error)
        return None


def _plain(value: Any) -> Any:
    if isinstance(value, timedelta):
        return f"{value.total_seconds():f} s"
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"a monitor holds {value!r}")
