"""Pure: who may run the steps of a runbook."""

from collections.abc import Callable, Mapping

from knowledge.errors import Denied
from knowledge.runbooks.runners_file import SETTING, RunbookSpec


def check_right(
    spec: RunbookSpec | None,
    user: str,
    members: Mapping[str, frozenset[str]],
    may_operate: Callable[[str], bool],
) -> None:
    """Raises Denied that says who may. `members` are the people of each group that `spec` names, as
    they are now."""
    if spec is None:
        raise Denied(f"This runbook may only be read: {SETTING} names it in no [[runbook]].")
    if not may_operate(user):
        raise Denied("You may look at this, but not run it. TANDEM_OPERATORS names who may.")
    if not (spec.users or spec.groups):
        return
    if user in spec.users or any(user in members.get(group, ()) for group in spec.groups):
        return
    named = ", ".join((*spec.users, *spec.groups))
    raise Denied(f"Only these may run this runbook: {named}.")
