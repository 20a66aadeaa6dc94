"""The "break something" panel on the playground's page."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.demo.world import BREAKAGES, SERVICES, Breakage, World, readings

MEND = "mend"
Fact = Mapping[str, str]
Link = tuple[str, str]


class DemoPanel:
    """What the playground asks of a panel: `state()` and `press()`."""

    def __init__(
        self,
        world: World,
        now: Callable[[], datetime],
        broke: Callable[[Breakage], None],
        links: Sequence[Link],
        notes: Sequence[Fact] = (),
    ) -> None:
        """`broke` is told of each breakage; `notes` are facts that stay."""
        self._world = world
        self._now = now
        self._broke = broke
        self._links = links
        self._notes = notes

    def state(self) -> dict[str, Any]:
        now = self._now()
        active = self._world.active(now)
        actions = [
            {
                "id": b.id,
                "title": b.title,
                "description": b.description,
                "style": "danger",
                "busy": b.id in active,
            }
            for b in BREAKAGES
        ]
        mend = {
            "id": MEND,
            "title": "Mend everything",
            "description": "All is well again; alerts resolve and cards close a few seconds later.",
            "style": "primary",
            "busy": False,
        }
        return {
            "title": "Break something",
            "text": "Northwind Parcel runs beside this page, simulated. Break it and watch "
            "#incidents: the bot speaks within half a minute. What you break mends itself after "
            "four minutes.",
            "actions": [*actions, mend] if active else actions,
            "links": [{"label": label, "url": url} for label, url in self._links],
            "facts": [*self._notes, *_services(self._world, now)],
        }

    def press(self, action_id: str, user: str) -> str:
        """What the visitor is told. Raises KeyError for an unknown button."""
        if action_id == MEND:
            self._world.mend()
            return "Everything is mended. The alerts resolve in a few seconds."
        breakage = self._world.break_(action_id, self._now())
        self._broke(breakage)
        return f"{breakage.title}: done. Watch #incidents."


def _services(world: World, now: datetime) -> list[Fact]:
    """One line for each service that is not well, worst first; else one line that all are."""
    by_name: dict[str, dict[str, float]] = {}
    for metric, labels, value in readings(world, now):
        if "service" in labels and "pod" not in labels:
            by_name.setdefault(labels["service"], {})[metric] = value
    ill: list[Fact] = []
    for service in SERVICES:
        p99 = by_name[service.name]["northwind_request_p99_seconds"]
        errors = by_name[service.name]["northwind_error_ratio"]
        if p99 > 0.8 or errors > 0.05:
            level = "bad" if errors > 0.05 else "warning"
            words = f"p99 {p99:.1f} s, {errors:.0%} errors"
            ill.append({"label": service.name, "value": words, "level": level})
    if world.strength("eta-model", "drift", now):
        ill.append({"label": "eta-model inputs", "value": "metric units", "level": "warning"})
    return ill or [{"label": "Services", "value": f"{len(SERVICES)} well", "level": "good"}]
