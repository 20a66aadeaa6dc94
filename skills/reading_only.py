"""A Context in which nothing can be changed, whatever a skill does with it.

For runs that no person asked for in so many words: a language model chose the skill and its
arguments. Ports are closed but for the methods named here, and what wakes, writes to or starts
something outside is not there at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from knowledge.errors import Denied
from skills.contract import Context, Reply, Role

OPEN: Mapping[str, frozenset[str]] = {
    field: frozenset(methods.split())
    for field, methods in {
        "incidents": "get find",
        "changes": "between",
        "approvals": "get find",
        "moves": "get find seen",
        "runs": "get find",
        "audit": "find chain",
        "library": "similar rank search get ready",
        "metrics": "instant range",
        "models": "names versions version champion champions details predictions",
        "frames": "names reference current last report profile span roles about",
        "alerts": "get find tally",
        "silences": "get find",
        "triage": "why",
        "watching": "all get trace looks last_look opinions backtest",
        "promoting": "policy gather judge undecided open_to may tally",
        "handovers": "get find",
        "executions": "get find",
        "uses": "find totals",
        "judgements": "all",
        "telemetry": "sources signals lines spans for_search",
        "remediation": "offers offer view",
    }.items()
}
"""Port of the Context -> what may be called."""

PLAIN = frozenset(
    (
        *("user", "now", "catalogue", "oncall", "thread", "channel", "skills", "people"),
        *("read_thread", "card_link", "llm_seconds"),
    )
)
"""Values, and functions that only look something up."""

REPLACED: Mapping[str, Any] = {
    "saw": "",
    "via_button": False,
    "tickets": (),
    **dict.fromkeys(("pager", "trainer", "rooms", "llm", "investigator", "ledger")),
}
"""What a reader has no use for. No model: one that is used by a model could spend without end."""


def reading_only(ctx: Context) -> Context:
    """The same for a reader: the asker's eyes, nobody's hands."""
    known = {*PLAIN, *REPLACED, "progress"}
    # A port that joined the Context later is closed until somebody opens it above.
    ports = {
        f.name: ReadOnly(port, f.name, OPEN.get(f.name, frozenset()))
        for f in fields(ctx)
        if f.name not in known and (port := getattr(ctx, f.name)) is not None
    }
    reader = replace(ctx.user, role=min(ctx.user.role, Role.READ))
    given: dict[str, Any] = {**ports, **REPLACED}
    return replace(ctx, user=reader, progress=_silently, **given)


class ReadOnly:
    """A port of which only some methods can be reached. Others raise Denied."""

    def __init__(self, port: object, name: str, methods: frozenset[str] = frozenset()) -> None:
        self._port = port
        self._name = name
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        if name not in self._methods:
            raise Denied(f"This only reads: {self._name}.{name} is closed to it.")
        found: Callable[..., Any] = getattr(self._port, name)
        return found


def _silently(reply: Reply) -> None:
    """Nobody looks at the steps of a step."""
