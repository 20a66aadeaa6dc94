"""What every system that trains has in common, seen from here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, unquote

from knowledge.adapters.rest import Refused
from knowledge.errors import Unavailable
from knowledge.records import Run, RunState, Training
from knowledge.training import Value
from knowledge.training.recipe import say_value

MISSING, CONFLICT = 404, 409
_DETAIL = 300


@dataclass(frozen=True)
class Order:
    """One run to be started: which job, and everything that it is given."""

    training: Training
    job: str
    parameters: Mapping[str, Value]

    @property
    def texts(self) -> dict[str, str]:
        """For systems whose parameters are texts."""
        return {name: say_value(value) for name, value in self.parameters.items()}


class System(Protocol):
    """One system of one team. Both methods raise Unavailable; a handle is what `start` gave."""

    kind: str

    def start(self, order: Order) -> Run: ...

    def look(self, run: Run) -> Run: ...


def run_name(training: Training) -> str:
    """Our name of a run, where a system lets us choose: safe for Kubernetes (63 characters) and for
    everything that takes less."""
    return f"tandem-{training.id}".lower()[:63]


def handle_of(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)


def parts_of(handle: str, many: int) -> list[str]:
    """What `handle_of` joined. Raises Unavailable for another system's handle."""
    parts = [unquote(part) for part in handle.split("/")]
    if len(parts) != many or not all(parts):
        raise Unavailable("the training run", f"{handle!r} is no handle of its system", retry=False)
    return parts


def lost(run: Run, system: str) -> Run:
    """It was there, and its system does not know it any more."""
    return seen(run, RunState.LOST, detail=f"{system} does not know it any more")


def seen(
    run: Run,
    state: RunState,
    *,
    detail: str = "",
    url: str = "",
    version: str = "",
    handle: str = "",
) -> Run:
    """The run as it was seen; empty texts leave what is known."""
    return Run(
        run.training,
        state,
        run.system,
        handle or run.handle,
        url or run.url,
        detail[:_DETAIL],
        version or run.version,
        run.updated_at,
        run.channel,
        run.thread,
    )


def unless_missing(ask: Callable[[], Any]) -> Any | None:
    """The answer, or None where the service says that there is no such thing."""
    try:
        return ask()
    except Refused as error:
        if error.status == MISSING:
            return None
        raise


def text_of(answer: object, *path: str) -> str:
    """A text inside nested objects, or empty: answers are not trusted to have their shape."""
    for name in path:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return str(answer) if isinstance(answer, str | int) and not isinstance(answer, bool) else ""


def listed(answer: object, *path: str) -> list[Mapping[str, Any]]:
    """The objects of a list inside nested objects."""
    for name in path:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    found = answer if isinstance(answer, list) else []
    return [one for one in found if isinstance(one, Mapping)]


def unknown_answer(system: str) -> Unavailable:
    return Unavailable(system, "its answer is not what it documents; check its address")
