"""Pure: what a step wrote, fit to be shown: secrets masked, and only its end."""

from collections.abc import Iterable

from knowledge.redact import Mask, redact

LINES, CHARACTERS = 40, 2_400
"""What a message in a thread shows without being cut."""
SHORTEST_SECRET = 6
"""A variable that says "1" or "prod" is no secret that could be searched for."""
_HARMLESS = ("<IP_", "<PHONE_", "<CARD_", "<IBAN_", "<LITERAL_")
"""Addresses and long numbers are what people read an output for."""


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """Without the secrets that we know, and without what looks like one."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "<SECRET>")
    plain, hidden = redact(text)
    shown = {p: value for p, value in hidden.hidden.items() if p.startswith(_HARMLESS)}
    return Mask(shown).unmask(plain)


def tail(text: str, lines: int = LINES, characters: int = CHARACTERS) -> str:
    """The last lines; says so where something is left out."""
    kept = "\n".join(text.rstrip().split("\n")[-lines:])
    if len(kept) > characters:
        kept = kept[-characters:].partition("\n")[2] or kept[-characters:]
    return kept if len(kept) == len(text.rstrip()) else f"[...]\n{kept}"
