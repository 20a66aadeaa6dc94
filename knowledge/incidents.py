"""The life cycle of an incident."""

import re

_ID = re.compile(r"\s*#?\s*(?:inc)?[\s_-]*0*(\d{1,9})\s*", re.IGNORECASE)


def incident_number(text: str) -> int | None:
    """12 for "INC-12", "inc12", "INC 12", "#12" and "12"; None for what is no such id."""
    match = _ID.fullmatch(text)
    return int(match[1]) if match else None


def incident_id(number: int) -> str:
    return f"INC-{number}"
