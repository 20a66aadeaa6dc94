"""The clues in words: one sentence each, with the numbers, for people who were just woken."""

from datetime import datetime, timedelta

from knowledge.causes.evidence import Harm
from knowledge.causes.flows import CutShort, Rarer, Slower
from knowledge.causes.logs import Louder
from knowledge.causes.tails import Deviation
from knowledge.causes.timing import Suspicious

_TOO_MUCH = {Harm.TIME: "extra time", Harm.FAILURES: "failed requests"}
_LONGEST = 90


def of_signal(deviation: Deviation) -> str:
    signal = deviation.signal
    if signal.share:
        fail = f"{deviation.now:.1%} of its requests fail"
        return f"{fail} ({signal.name}), usually {deviation.usual:.2%}"
    now = _value(deviation.now, signal.unit)
    low, high = _value(deviation.low, signal.unit), _value(deviation.high, signal.unit)
    usual = low if low == high else f"{low} to {high}"
    return f"{signal.name} {now}, usually {usual}"


def explained(harm: Harm, share: float, by: str) -> str:
    return f"{share:.0%} of its {_TOO_MUCH[harm]} is that of {by}, which it calls"


def slower(one: Slower) -> str:
    what = f"calls {one.what} wait" if one.hop else f"{_short(one.what)} itself takes"
    return (
        f"traces: {what} {_value(one.now, 's')}, usually {_value(one.usual, 's')} "
        f"({one.share:.0%} of all time lost)"
    )


def cut_short(pair: CutShort) -> str:
    return (
        f"traces: {pair.kept_count} x {_short(pair.kept)} but {pair.lost_count} x "
        f"{_short(pair.lost)}, which come equally often when all is well"
    )


def rarer(one: Rarer) -> str:
    return (
        f"traces: {_short(one.operation)} came {one.count} times; beside {one.beside_count} x "
        f"{_short(one.beside)} about {one.expected:.0f} are usual"
    )


def louder(one: Louder) -> str:
    level = f"{one.level} " if one.level else ""
    usual = "new" if one.expected < 0.5 else f"usually {one.expected:.0f}"
    usual = usual if one.known else "whether that is usual is not known"
    return f'logs: {one.count} x {level}"{_short(one.template)}", {usual}'


def changed(found: Suspicious) -> str:
    change = found.change
    version = f" {change.version}" if change.version else ""
    return f"{change.kind}{version} {_ago(found.before)} before: {_short(change.summary)}"


def began(at: datetime, first: bool) -> str:
    return f"it began to deviate at {at:%H:%M:%S}, {'before' if first else 'after'} most others"


def together(correlation: float, symptom: str) -> str:
    return f"it moves with the symptom at {symptom} (correlation {correlation:.2f})"


def _value(value: float, unit: str) -> str:
    if unit == "s":
        return _time(value)
    if unit == "ms":
        return _time(value / 1000)
    size = abs(value)
    if unit == "%":
        return f"{value:.0f} %" if size >= 10 else f"{value:.1f} %"
    for limit, suffix in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if size >= limit:
            return f"{value / {'G': 1e9, 'M': 1e6, 'k': 1e3}[suffix]:.3g}{suffix}"
    return f"{value:.3g}"


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.3g} ms"


def _ago(time: timedelta) -> str:
    minutes = time.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LONGEST else one_line[: _LONGEST - 1] + "…"
