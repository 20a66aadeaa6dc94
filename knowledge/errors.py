"""Every error Tandem raises on purpose.

TandemError
├── UserError          said to the person as it is
│   ├── BadArgs        an argument is missing or wrong; names the field and the remedy
│   ├── NotFound       no such thing; offers the nearest names
│   ├── Denied         the person may not do this; says who may
│   └── Overtaken      somebody else changed it meanwhile; nothing was done
└── Unavailable        an outside system failed: which one, and whether trying again can help
    └── NotConnected   it is not configured; names the setting
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class TandemError(Exception):
    """The root: catch this to catch all of ours and nothing else."""


class UserError(TandemError):
    """Something the person can mend; the message is shown as it is."""


class BadArgs(UserError):
    """An argument is missing or wrong."""

    def __init__(self, field: str, problem: str, remedy: str = "") -> None:
        self.field = field
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{field}: {problem}" + (f". {remedy}" if remedy else ""))


class NotFound(UserError):
    """No such thing; `nearest` holds the valid names most like it, best first."""

    def __init__(self, kind: str, name: str, nearest: Sequence[str] = ()) -> None:
        self.kind = kind
        self.name = name
        self.nearest = tuple(nearest)
        hint = f" Did you mean {_either(self.nearest)}?" if self.nearest else ""
        super().__init__(f"There is no {kind} {name!r}.{hint}")

    @classmethod
    def among(cls, kind: str, name: str, known: Iterable[str], most: int = 3) -> "NotFound":
        """Build one from all valid names: the nearest by spelling, else the first few."""
        names = list(dict.fromkeys(known))
        lower = {n.lower(): n for n in names}
        close = [lower[m] for m in get_close_matches(name.lower(), lower, n=most, cutoff=0.5)]
        return cls(kind, name, close or names[:most])


class Denied(UserError):
    """The person may not do this; the message says who may."""


class Overtaken(UserError):
    """Something is not as it must be for this change, because somebody else changed it; nothing
    was done. `found` is what is there now."""

    def __init__(self, message: str, found: str = "") -> None:
        self.found = found
        super().__init__(message)


class Unavailable(TandemError):
    """An outside system failed."""

    def __init__(self, system: str, why: str, *, retry: bool = True) -> None:
        self.system = system
        self.why = why
        self.retry = retry
        super().__init__(f"{system}: {why}")


class NotConnected(Unavailable):
    """It is not configured: nobody can expect an answer."""

    def __init__(self, system: str, setting: str) -> None:
        why = f"it is not connected; set {setting} to connect it"
        super().__init__(system, why, retry=False)


def _either(names: Sequence[str]) -> str:
    quoted = [f"`{n}`" for n in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
