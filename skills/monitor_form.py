"""Pure: a metric monitor as the fields of a window, and what is typed there as a monitor again.

Everything is typed as text, so that each mistake can be told below the field in which it was made.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator

from knowledge.durations import is_duration, parse_duration, say_duration
from knowledge.errors import BadArgs
from knowledge.monitors import AnyMonitor, MetricMonitor, ModelMonitor, Normal
from knowledge.monitors.presets import Preset, find_preset, presets
from skills.contract import Call, Form, FormField, Preview

LOOK_BACK = timedelta(days=7)
LEFT_OPEN = "left open"
"""A choice that is left to the preset, or to what is usual. Of what is normal: a limit where one is
given, else learned."""
LIMITED = (Normal.LIMIT, Normal.RATE, Normal.FORECAST)
"""What is normal by a number that people give."""
LEARNED = (Normal.AUTO, Normal.SEASONAL, Normal.NOVELTY, Normal.SHIFT)

_NORMALS = (
    (Normal.LIMIT, "Within a limit"),
    (Normal.AUTO, "As learned from the series itself"),
    (Normal.SEASONAL, "As at this hour of earlier days and weeks"),
    (Normal.NOVELTY, "Values like those it had before"),
    (Normal.SHIFT, "At the level it had"),
    (Normal.RATE, "Not changing faster than the limit"),
    (Normal.SILENCE, "Giving data at all"),
    (Normal.FORECAST, "Not about to reach the limit"),
)
_EVERY = ("15s", "30s", "1m", "5m", "15m", "1h")
_LASTING = ("0s", "1m", "2m", "5m", "10m", "30m", "1h")
_SURE = ("0.5", "0.6", "0.7", "0.8", "0.9", "0.95")
_LIMIT = re.compile(
    r"\s*(>=?|above|over|<=?|below|under)?\s*(-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?)"
    r"\s*([kmgt%]?)(?![\w.])",
    re.IGNORECASE,
)
_UNITS = {"": 1.0, "%": 0.01, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_BETWEEN = re.compile(r"[\s,]+")
_SELECT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)


class Typed(BaseModel):
    """What a window holds of a metric monitor; empty is left as it is."""

    name: str = Field("", max_length=80, description="what it is called, e.g. checkout-p99")
    preset: str = Field("", description="preset, e.g. node, or one of it: node/node-down")
    selector: str = Field("", description='which series of a preset, e.g. namespace="shop"')
    query: str = Field("", description="PromQL, or a SELECT with a column `value`")
    normal: str = Field("", description="what is normal, e.g. limit, auto, seasonal or forecast")
    limit: str = Field("", validate_default=True, description="its limit, e.g. > 1.5 or < 20")
    every: str = Field("", description="how often it is read, e.g. 1m")
    lasting: str = Field("", description="how long it must last, e.g. 5m")
    sure: str = Field("", description="how sure it must be, from 0.5 to 0.99")
    service: str = Field("", description="the service it is about, e.g. checkout")
    tell: str = Field("", description="who is told besides the channel, e.g. #ml, @ada")

    @field_validator("normal")
    @classmethod
    def _known(cls, normal: str) -> str:
        if normal and normal != LEFT_OPEN and normal not in {str(n) for n, _ in _NORMALS}:
            names = ", ".join(str(n) for n, _ in _NORMALS)
            raise ValueError(f"{normal[:40]!r} is none of {names}")
        return normal

    @field_validator("limit")
    @classmethod
    def _readable(cls, limit: str, info: ValidationInfo) -> str:
        given = parse_limit(limit)
        normal, preset = info.data.get("normal", ""), info.data.get("preset", "")
        if normal in LIMITED and not given and not preset:
            raise ValueError("it needs one; write for example > 1.5 or < 20")
        if given and normal not in ("", LEFT_OPEN, *LIMITED):
            raise ValueError(f"it means nothing where normal is {normal!r}; leave it empty")
        if len(given) > 1 and normal not in ("", LEFT_OPEN, Normal.RATE):
            raise ValueError("give one limit only, above or below")
        return limit

    @field_validator("every", "lasting")
    @classmethod
    def _a_time(cls, text: str) -> str:
        if text not in ("", LEFT_OPEN) and not is_duration(text):
            raise ValueError(f"{text[:40]!r} is not a length of time; write for example 30s or 5m")
        return text

    @field_validator("sure")
    @classmethod
    def _a_share(cls, text: str) -> str:
        if text not in ("", LEFT_OPEN) and not re.fullmatch(r"0?\.[5-9]\d{0,3}", text):
            raise ValueError("write a number from 0.5 to 0.99")
        return text

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(filter(None, _BETWEEN.split(self.tell)))


def parse_limit(text: str) -> dict[str, float]:
    """ "> 1.5" as {"above": 1.5}, "< 5%" as {"below": 0.05}; a bare number is a limit above, and
    "< -5 > 5" is both. Raises ValueError with the remedy."""
    found: dict[str, float] = {}
    at = 0
    while text[at:].strip(" ,"):
        part = _LIMIT.match(text, at + len(text[at:]) - len(text[at:].lstrip(" ,")))
        if part is None:
            raise ValueError(f"{text[:40]!r} is no limit; write for example > 1.5 or < 20")
        sign, number, unit = part[1] or ">", part[2], part[3].lower()
        side = "below" if sign[0] in "<" or sign.lower() in ("below", "under") else "above"
        if side in found:
            raise ValueError(f"{text[:40]!r} has two limits {side}")
        found[side] = float(number) * _UNITS[unit]
        at = part.end()
    return found


def say_limit(monitor: MetricMonitor) -> str:
    """As `parse_limit` reads it."""
    parts = ((">", monitor.above), ("<", monitor.below))
    return " ".join(f"{sign} {value:.10g}" for sign, value in parts if value is not None)


def typed_monitors(typed: Typed, base: MetricMonitor | None = None) -> tuple[MetricMonitor, ...]:
    """What is typed, as monitors: `base` changed, those of a preset, or a new one. Raises BadArgs
    that names the field."""
    if base is not None:
        return (_changed(base, typed),)
    if typed.preset:
        return _from_preset(typed)
    if not typed.query.strip():
        raise BadArgs("query", "it is missing", "Write a query, or choose a preset")
    if not typed.name.strip():
        raise BadArgs("name", "it is missing", "Write for example checkout-p99")
    return (_checked({"name": typed.name.strip(), **_query(typed), **_settings(typed)}),)


def create_form(typed: Typed, preview: str) -> Form:
    """For a new monitor. `preview` names the skill that shows what it would have flagged."""
    return Form(
        title="New monitor",
        fields=(
            FormField("name", "Name", hint="Left empty: the preset's own", optional=True,
                      initial=typed.name),
            FormField("preset", "Preset", optional=True, initial=typed.preset,
                      grouped=_preset_options(),
                      hint="Monitors that are known to be worth having; all else is optional then"),
            FormField("selector", "Which series of the preset", optional=True,
                      initial=typed.selector, hint='Label matchers, such as namespace="shop"'),
            FormField("query", "Or a query of your own", multiline=True, optional=True,
                      initial=typed.query,
                      hint="PromQL; each series of its answer is watched on its own"),
            FormField("normal", "What is normal", initial=typed.normal or LEFT_OPEN,
                      options=((LEFT_OPEN, "As the preset says; within the limit; or learned"),
                               *((str(n), words) for n, words in _NORMALS))),
            FormField("limit", "Limit", hint="> 1.5 or < 20; empty where it is learned",
                      optional=True, initial=typed.limit),
            *_pace(typed.every or LEFT_OPEN, typed.lasting or LEFT_OPEN, typed.sure or LEFT_OPEN,
                   ("As the preset says, or 1 min", "As the preset says, or at once",
                    "As the preset says, or 50 %")),
            FormField("service", "Service", optional=True, initial=typed.service,
                      hint="Left empty: each series' own label service, job or app"),
            _tell(typed.tell),
        ),
        submit="Create",
        preview=Preview("Show last week", Call(preview)),
    )  # fmt: skip


def tune_form(key: str, monitor: AnyMonitor, sure: float, preview: str) -> Form:
    """For one that is there, as it is now; `sure` is its bar, raised or not."""
    title = _title(f"Tune {monitor.name}")
    if isinstance(monitor, ModelMonitor):
        fields = _model_fields(monitor)
        return Form(title, fields, submit="Save", preview=_preview(key, preview))
    return Form(
        title=title,
        text="At the end of this window: what it would have flagged last week.",
        fields=(
            FormField("query", "Query", multiline=True, initial=monitor.query or monitor.sql),
            FormField("normal", "What is normal", initial=str(monitor.normal),
                      options=tuple((str(n), words) for n, words in _NORMALS)),
            FormField("limit", "Limit", hint="> 1.5 or < 20; empty where it is learned",
                      optional=True, initial=say_limit(monitor)),
            *_pace(_short(monitor.every), _short(monitor.for_), f"{sure:g}"),
            _tell(", ".join(monitor.tell)),
        ),
        submit="Save",
        preview=_preview(key, preview),
    )  # fmt: skip


def _preview(key: str, skill: str) -> Preview:
    return Preview("Show last week", Call(skill, {"monitor": key}), at_once=True)


class TypedModel(BaseModel):
    """What a window holds of a model monitor."""

    every: str = Field("", description="how often it is read, e.g. 1m")
    window: str = Field("", description="of a model monitor: how far back it looks, e.g. 24h")
    needs: str = Field(
        "", description="of a model monitor: of how many looks how many, e.g. 2 of 3"
    )
    tell: str = Field("", description="who is told besides the channel, e.g. #ml, @ada")


def typed_model(typed: TypedModel, base: ModelMonitor) -> ModelMonitor:
    """Raises BadArgs that names the field."""
    given = {
        name: value
        for name, value in (
            ("every", typed.every), ("window", typed.window), ("needs", typed.needs),
        )
        if value
    }  # fmt: skip
    people = tuple(filter(None, _BETWEEN.split(typed.tell)))
    try:
        return ModelMonitor.model_validate({**base.model_dump(), **given, "tell": people})
    except ValidationError as error:
        raise _bad(error) from None


# ---------------------------------------------------------------- from fields


def _from_preset(typed: Typed) -> tuple[MetricMonitor, ...]:
    name, _, one = typed.preset.partition("/")
    preset = find_preset(name)
    made = preset.monitors(selector=typed.selector, service=typed.service, tell=typed.people)
    if not one:
        return made
    names = [metric.name for metric in preset.metrics]
    if one not in names:
        raise BadArgs("preset", f"{name} has no {one!r}", f"It has {', '.join(names)}")
    chosen = made[names.index(one)]
    renamed = chosen.model_copy(update={"name": typed.name.strip()}) if typed.name else chosen
    return (_changed(renamed, typed),)


def _changed(base: MetricMonitor, typed: Typed) -> MetricMonitor:
    """Only what is given differs. What is normal and its limit go together: of a preset a limit
    that was left empty stays, of a monitor that is there it is gone."""
    told = _settings(typed)
    given = base.model_dump(by_alias=True, exclude_defaults=True)
    normal = str(told.get("normal", base.normal))
    if normal not in LIMITED and ("above" in told or "below" in told):
        normal = str(Normal.LIMIT)
    keeps = typed.preset and not typed.limit and normal in LIMITED
    if (typed.limit or "normal" in told) and not keeps:
        given = _without(given, "above", "below")
    result = {**given, **told, "normal": normal, "name": base.name}
    if any(result.get(side) != getattr(base, side) for side in ("above", "below")):
        result = _without(result, "recover")
    if normal != Normal.RATE:
        result = _without(result, "percent", "counter")
    if typed.query.strip():
        result = _without(result, "query", "sql") | _query(typed)
    return _checked(result)


def _without(given: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def _settings(typed: Typed) -> dict[str, Any]:
    words = {
        "normal": typed.normal,
        "every": typed.every,
        "for": typed.lasting,
        "sure": typed.sure,
        "service": typed.service.strip(),
    }
    given = {name: word for name, word in words.items() if word not in ("", LEFT_OPEN)}
    return {**_limit(typed.limit), **given, "tell": typed.people}


def _limit(text: str) -> Mapping[str, float]:
    try:
        return parse_limit(text)
    except ValueError as error:
        raise BadArgs("limit", str(error)) from None


def _query(typed: Typed) -> dict[str, str]:
    text = typed.query.strip()
    return {"sql" if _SELECT.match(text) else "query": text}


def _checked(given: Mapping[str, Any]) -> MetricMonitor:
    try:
        return MetricMonitor.model_validate(given)
    except ValidationError as error:
        raise _bad(error) from None


def _bad(error: ValidationError) -> BadArgs:
    first = error.errors()[0]
    place = {"for": "lasting", "above": "limit", "below": "limit"}
    name = str(first["loc"][0]) if first["loc"] else "limit"
    return BadArgs(place.get(name, name), str(first["msg"]).removeprefix("Value error, "))


# ---------------------------------------------------------------- to fields


def _pace(
    every: str, lasting: str, sure: str, usual: tuple[str, str, str] | None = None
) -> tuple[FormField, ...]:
    """How often, for how long, how sure; `usual` are the words for leaving each of them open."""
    times, longs = _times(_EVERY, every, ""), _times(_LASTING, lasting, "at once")
    sures = tuple((s, _say_sure(s)) for s in _with(_SURE, sure))
    if usual is not None:
        times, longs, sures = (
            ((LEFT_OPEN, words), *options)
            for words, options in zip(usual, (times, longs, sures), strict=True)
        )
    return (
        FormField("every", "Read every", initial=every, options=times),
        FormField("lasting", "It fires once that has lasted", initial=lasting, options=longs),
        FormField(
            "sure", "How sure it must be, where normal is learned", initial=sure, options=sures
        ),
    )


def _say_sure(sure: str) -> str:
    share = f"{float(sure):.0%}".replace("%", " %")
    return f"{share}, as usual" if float(sure) == 0.5 else f"{share}: fewer alarms"


def _times(usual: Sequence[str], present: str, nothing: str) -> tuple[tuple[str, str], ...]:
    known = _with(usual, present)
    ordered = sorted(known, key=parse_duration)
    lengths = ((text, parse_duration(text)) for text in ordered)
    return tuple((text, say_duration(length) if length else nothing) for text, length in lengths)


def _with(usual: Sequence[str], present: str) -> tuple[str, ...]:
    known = present in usual or present == LEFT_OPEN
    return tuple(usual) if known else (*usual, present)


def _tell(present: str) -> FormField:
    return FormField(
        "tell",
        "Who is told besides the channel",
        hint="Channels and people: #ml, @ada",
        optional=True,
        initial=present,
    )


def _model_fields(monitor: ModelMonitor) -> tuple[FormField, ...]:
    return (
        FormField("every", "Looked at every", initial=_short(monitor.every), hint="15m, 1h, 6h"),
        FormField("window", "Over the last", initial=_short(monitor.window), hint="6h, 24h, 7d"),
        FormField(
            "needs", "It fires when so many looks find it", initial=monitor.needs, hint="2 of 3"
        ),
        _tell(", ".join(monitor.tell)),
    )


def _preset_options() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple((preset.title, _options_of(preset)) for preset in presets())


def _options_of(preset: Preset) -> tuple[tuple[str, str], ...]:
    every = (preset.name, f"{preset.title}: all {len(preset.metrics)}")
    return (every, *((f"{preset.name}/{m.name}", m.name) for m in preset.metrics))


def _short(length: timedelta) -> str:
    """As the choices have it: 90 s is 90s, an hour 1h."""
    seconds = round(length.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _title(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:23]}…"
