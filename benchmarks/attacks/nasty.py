"""Texts, numbers and JSON that programs stumble over; all from a seed."""

import json
import random
import string
from collections.abc import Sequence
from typing import Any

TEXTS: Sequence[str] = (
    *("", " ", "\x00", "a\x00b", "\n", "\r\n", "\t", "\x1b[31m", "\x7f", "\ufeff", "\u2028"),
    *("\ud800", "\udfff\ud800", "a\udc80", "\U0001f4a9" * 20, "é" * 30, "ﷺ" * 10, "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A"),
    *("\u202egnp.exe", "\u2066x\u2069", "pay\u200bment", "аdmin", "ＡＤＭＩＮ", "İ", "ß", "ǅ"),
    *("null", "None", "undefined", "NaN", "inf", "-inf", "true", "[]", "{}", "$ALERT_ID", "{{x}}"),
    *("' OR '1'='1", "'; DROP TABLE incident; --", '" OR ""="', "1); DELETE FROM run; --"),
    *(
        '"} or up{a="',
        "a\\",
        'a"b',
        "`x`",
        ".*",
        "(a+)+$",
        "((((((((((a*)*)*)*)*",
        "[",
        "\\Q",
        "(?i)",
    ),
    *("../../etc/passwd", "..\\..\\x", "/etc/passwd", "file:///etc/passwd", "%2e%2e%2f", "~root"),
    *("<!channel>", "<@U01ADA00000>", "<https://evil.example|https://bank.example>", "<#C1|x>"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "&lt;"),
    *("=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "%s%s%n", "{0.__class__}", "${7*7}"),
    *(
        "9" * 400,
        "-" * 300,
        "1e999",
        "0x7f",
        "1_000",
        "٣",
        "²",
        "½",
        "+0",
        "-0",
        "00",
        "1,5",
        "1.5.2",
    ),
    *(
        "2026-02-30",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "24:00",
        "-1s",
        "1w1w",
    ),
    *("INC-1", "INC-99999999999999999999", "INC--1", "INC-1;INC-2", "#incidents", "@everyone"),
    *("a" * 3000, "word " * 700, "\n" * 500, "*" * 500, "_~`>" * 100, "|" * 300, ("(" * 800) + "x"),
)
NUMBERS: Sequence[Any] = (
    *(0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 10**300, 0.1, -0.0, 1e308, 5e-324),
    *(float("inf"), float("-inf"), float("nan"), True, False, None),
)


def text(rng: random.Random) -> str:
    """One of the texts, two joined, or noise."""
    dice = rng.random()
    if dice < 0.6:
        return rng.choice(TEXTS)
    if dice < 0.8:
        return rng.choice(TEXTS) + rng.choice(TEXTS)
    return "".join(rng.choices(string.printable + "äß漢\u200b\U0001f600", k=rng.randint(1, 40)))


def json_value(rng: random.Random, depth: int) -> Any:
    dice = rng.random()
    if depth <= 0 or dice < 0.5:
        return text(rng) if rng.random() < 0.5 else rng.choice(NUMBERS)
    if dice < 0.75:
        return [json_value(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return {text(rng)[:60]: json_value(rng, depth - 1) for _ in range(rng.randint(0, 3))}


def mutated(rng: random.Random, value: Any, rate: float = 0.08) -> Any:
    """An honest JSON value with some of its places exchanged, left out, doubled."""
    if rng.random() < rate:
        return json_value(rng, 2)
    if isinstance(value, dict):
        kept = {k: mutated(rng, v, rate) for k, v in value.items() if rng.random() > rate / 2}
        if rng.random() < rate:
            kept[text(rng)[:60]] = json_value(rng, 2)
        return kept
    if isinstance(value, list):
        grown = [mutated(rng, v, rate) for v in value]
        return grown * rng.choice((0, 1, 1, 1, 3)) if rng.random() < rate else grown
    return value


def dumped(value: Any) -> bytes:
    """As JSON; lone surrogates as escapes, which is how they get past UTF-8."""
    return json.dumps(value).encode()


def altered(rng: random.Random, honest: str) -> str:
    """A text with a few of its characters cut, exchanged, doubled."""
    if not honest:
        return text(rng)
    made = honest
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(made) + 1)
        upto = min(len(made), at + rng.choice((0, 1, 1, 3, 20)))
        put = rng.choice(("", "", rng.choice(TEXTS)[:80], rng.choice('{}[]",:\\\0<>=#-\n')))
        made = made[:at] + put + made[upto:]
        if not made:
            return text(rng)
    return made


def altered_bytes(rng: random.Random, honest: bytes) -> bytes:
    made = bytearray(honest or b"\0")
    for _ in range(rng.randint(1, 5)):
        at = rng.randrange(len(made) + 1)
        dice = rng.random()
        if dice < 0.4 and at < len(made):
            made[at] ^= 1 << rng.randrange(8)
        elif dice < 0.6:
            made[at:at] = rng.choice(
                (b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"9" * 30, b"[" * 30, b"\\u")
            )
        elif dice < 0.8:
            del made[at : at + rng.randint(1, 30)]
        else:
            made[at:at] = made[at : at + rng.randint(1, 40)]
        if not made:
            made = bytearray(b"\0")
    return bytes(made)
