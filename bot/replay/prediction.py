"""A replay's result in the form that correlation is scored in.

{"assignments": [{"fingerprint", "startsAt", "group"}], "cards": [{"group", "posted_at", "roots"}]}
`group` is null for what got no card. Times are in the clock of the history.
"""

from datetime import datetime
from typing import Any

from bot.replay.run import Result


def prediction(result: Result) -> dict[str, Any]:
    """Ready for json.dump."""
    return {
        "assignments": [
            {
                "fingerprint": alert.signal.fingerprint,
                "startsAt": alert.starts_at,
                "group": alert.group or None,
            }
            for alert in result.alerts
        ],
        "cards": [
            {"group": card.group, "posted_at": _time(card.posted_at), "roots": list(card.suspects)}
            for card in result.cards
        ],
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
