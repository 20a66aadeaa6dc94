"""How stores number approvals and silences, the same in memory and in SQL."""

import re

_APPROVAL = re.compile(r"\s*#?\s*(?:apr)?[\s_-]*0*(\d{1,9})\s*", re.IGNORECASE)
_SILENCE = re.compile(r"\s*#?\s*(?:sil)?[\s_-]*0*(\d{1,9})\s*", re.IGNORECASE)


def approval_id(number: int) -> str:
    return f"APR-{number}"


def approval_number(text: str) -> int | None:
    """7 for "APR-7", "apr7" and "7"; None for what is no such id."""
    match = _APPROVAL.fullmatch(text)
    return int(match[1]) if match else None


def silence_id(number: int) -> str:
    return f"SIL-{number}"


def silence_number(text: str) -> int | None:
    """7 for "SIL-7", "sil7" and "7"; None for what is no such id."""
    match = _SILENCE.fullmatch(text)
    return int(match[1]) if match else None
