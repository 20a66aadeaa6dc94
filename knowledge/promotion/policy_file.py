"""Policies from a TOML file: `[default]` for every model, `[model."fraud-*"]` for some.

What is said for a model is laid over what is said for all: first `[default]`, then the patterns in
the order of the file, then the model's own name. Tables (`gates`, `canary`, `sign_offs`) are laid
over each other key by key, everything else is replaced. deploy/promotion.toml has every field.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, time, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator

from knowledge.durations import Duration
from knowledge.errors import UserError
from knowledge.promotion.policy import (
    DEFAULT_POLICY,
    CanaryRule,
    Freeze,
    GateRule,
    Mode,
    OnWorse,
    Policy,
    QuietHours,
)

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_QUIET = re.compile(
    r"(?:(?P<days>[a-z,\- ]+?)\s+)?(?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)(?:\s+(?P<zone>\S+))?"
)
_PERSON = re.compile(r"[UW][A-Z0-9]+|S[A-Z0-9]+|@\S+")
_LONGEST = timedelta(days=90)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Gate(BaseModel):
    """A gate's table: its rule, and the gate's own settings beside it."""

    model_config = ConfigDict(extra="allow", frozen=True)

    mode: Mode | None = None
    unknown: Mode = Mode.WARN
    override: tuple[str, ...] = ()

    def rule(self) -> GateRule:
        return GateRule(self.mode, self.unknown, self.override, dict(self.model_extra or {}))


class _Canary(_Part):
    watch: Duration = CanaryRule.watch
    on_worse: OnWorse = CanaryRule.on_worse
    settle: Duration = CanaryRule.settle
    limits: Mapping[str, float] = Field(default_factory=dict)


class _AskWhen(_Part):
    tag: str = Field(min_length=1)
    value: str = ""


class _Shape(_Part):
    """One table of the file, all of it optional."""

    primary: str = ""
    min_gain: float = Field(DEFAULT_POLICY.min_gain, ge=0, le=10)
    tolerance: float = Field(DEFAULT_POLICY.tolerance, ge=0, le=10)
    max_age: Duration = DEFAULT_POLICY.max_age
    expires: Duration = DEFAULT_POLICY.expires_after
    more_is_better: tuple[str, ...] = ()
    less_is_better: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    needed: int = Field(DEFAULT_POLICY.needed, ge=1, le=20)
    veto: tuple[str, ...] = ()
    sign_offs: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    emergency: tuple[str, ...] = ()
    emergency_alone: bool = DEFAULT_POLICY.emergency_alone
    review_within: Duration = DEFAULT_POLICY.review_within
    quiet_hours: tuple[str, ...] = ()
    gates: Mapping[str, _Gate] = Field(default_factory=dict)
    canary: _Canary = _Canary()
    channel: str = ""
    ask_when: _AskWhen | None = None
    service: str = ""

    @model_validator(mode="after")
    def _people(self) -> "_Shape":
        lists: dict[str, Sequence[str]] = {
            "approvers": self.approvers,
            "veto": self.veto,
            "emergency": self.emergency,
            **{f"sign_offs.{role}": people for role, people in self.sign_offs.items()},
            **{f"gates.{name}.override": gate.override for name, gate in self.gates.items()},
        }
        for where, people in lists.items():
            for person in people:
                if not _PERSON.fullmatch(person):
                    raise ValueError(
                        f"{where}: {person!r} is neither a user id (U01ABC), a group id (S01ABC) "
                        "nor a group's handle (@ml-leads)"
                    )
        for name, length in (("expires", self.expires), ("canary.watch", self.canary.watch)):
            if length > _LONGEST:
                raise ValueError(f"{name}: at most 90d")
        if self.expires <= timedelta(0):
            raise ValueError("expires: give more than 0")
        return self


class _Freeze(_Part):
    start: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")
    reason: str = ""
    models: tuple[str, ...] = ("*",)

    @model_validator(mode="after")
    def _forward(self) -> "_Freeze":
        if self.end <= self.start:
            raise ValueError("`to` must come after `from`")
        return self


class _File(_Part):
    default: Mapping[str, Any] = Field(default_factory=dict)
    model: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    freeze: tuple[_Freeze, ...] = ()


@dataclass(frozen=True)
class Policies:
    """The policy of any model. Without a file everything is as DEFAULT_POLICY says."""

    _tables: Mapping[str, Any] = field(default_factory=dict)
    _patterns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _freezes: tuple[_Freeze, ...] = ()

    def of(self, model: str) -> Policy:
        merged: Mapping[str, Any] = self._tables
        for table in self._that_match(model):
            merged = _laid_over(merged, table)
        policy = _policy(_Shape.model_validate(merged))
        freezes = tuple(
            Freeze(f.start.astimezone(UTC), f.end.astimezone(UTC), f.reason)
            for f in self._freezes
            if any(fnmatchcase(model, pattern) for pattern in f.models)
        )
        return replace(policy, freezes=freezes)

    def tables(self) -> Iterator[tuple[str, Policy]]:
        """Each table of the file with the policy that a model which only it matches would have."""
        yield "default", _policy(_Shape.model_validate(self._tables))
        for pattern, table in self._patterns.items():
            yield (
                f'model."{pattern}"',
                _policy(_Shape.model_validate(_laid_over(self._tables, table))),
            )

    @property
    def tags(self) -> frozenset[str]:
        """The tags on which somebody is asked."""
        return frozenset(policy.ask_when[0] for _, policy in self.tables() if policy.ask_when[0])

    def _that_match(self, model: str) -> list[Mapping[str, Any]]:
        wild = [t for p, t in self._patterns.items() if p != model and fnmatchcase(model, p)]
        return [*wild, *([self._patterns[model]] if model in self._patterns else [])]


def read_policies(path: Path, check: Callable[[Policy], Sequence[str]] = lambda p: ()) -> Policies:
    """Raises UserError, a line for each wrong field. `check` says what else is wrong with a policy:
    that of the gates knows their names and settings."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"TANDEM_PROMOTION: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"TANDEM_PROMOTION: {path} is not UTF-8; save it as UTF-8 text.") from error
    return parse_policies(text, str(path), check)


def parse_policies(
    text: str,
    source: str = "promotion.toml",
    check: Callable[[Policy], Sequence[str]] = lambda policy: (),
) -> Policies:
    """Raises UserError, a line for each wrong field."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    try:
        read = _File.model_validate(raw)
    except ValidationError as error:
        raise UserError("\n".join(_say(source, e) for e in error.errors())) from None
    problems = [
        *_problems(source, "default", read.default),
        *(
            line
            for pattern, table in read.model.items()
            for line in _problems(source, f'model."{pattern}"', table)
        ),
    ]
    if problems:
        raise UserError("\n".join(problems))
    policies = Policies(read.default, read.model, read.freeze)
    wrong = [f"{source}, {where}: {line}" for where, p in policies.tables() for line in check(p)]
    if wrong:
        raise UserError("\n".join(dict.fromkeys(wrong)))
    return policies


def _problems(source: str, where: str, table: Mapping[str, Any]) -> list[str]:
    try:
        _policy(_Shape.model_validate(table))
    except ValidationError as error:
        return [_say(f"{source}, {where}", e) for e in error.errors()]
    except ValueError as error:
        return [f"{source}, {where}: {error}."]
    return []


def _say(where: str, error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    head = f"{where}: {place}: " if place else f"{where}: "
    if error["type"] == "extra_forbidden":
        known = ", ".join(f.alias or n for n, f in _Shape.model_fields.items())
        return f"{head}no such field; there are {known}."
    return f"{head}{error['msg'].removeprefix('Value error, ')}."


def _laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> Mapping[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        lower = merged.get(key)
        if isinstance(value, Mapping) and isinstance(lower, Mapping):
            merged[key] = _laid_over(lower, value)
        else:
            merged[key] = value
    return merged


def _policy(shape: _Shape) -> Policy:
    return Policy(
        primary=shape.primary,
        min_gain=shape.min_gain,
        tolerance=shape.tolerance,
        max_age=shape.max_age,
        expires_after=shape.expires,
        direction={
            **dict.fromkeys(shape.more_is_better, True),
            **dict.fromkeys(shape.less_is_better, False),
        },
        approvers=shape.approvers,
        needed=shape.needed,
        veto=shape.veto,
        sign_offs=dict(shape.sign_offs),
        emergency=shape.emergency,
        emergency_alone=shape.emergency_alone,
        review_within=shape.review_within,
        quiet=tuple(parse_quiet(text) for text in shape.quiet_hours),
        gates={name: gate.rule() for name, gate in shape.gates.items()},
        canary=CanaryRule(
            shape.canary.watch,
            shape.canary.on_worse,
            shape.canary.settle,
            dict(shape.canary.limits),
        ),
        channel=shape.channel,
        ask_when=(shape.ask_when.tag, shape.ask_when.value) if shape.ask_when else ("", ""),
        service=shape.service,
    )


def parse_quiet(text: str) -> QuietHours:
    """ "fri 16:00-24:00 Europe/Berlin", "22:00-07:00", "sat,sun 00:00-24:00".

    Raises ValueError with the remedy."""
    found = _QUIET.fullmatch(text.strip().lower().replace("  ", " "))
    if found is None:
        raise ValueError(
            f"quiet_hours: {text!r} cannot be read; write for example "
            '"fri 16:00-24:00 Europe/Berlin" or "22:00-07:00"'
        )
    zone = text.strip().split()[-1] if found["zone"] else "UTC"
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"quiet_hours: there is no time zone {zone!r}") from None
    return QuietHours(
        _days(found["days"] or ""), _clock(found["start"]), _clock(found["end"]), zone
    )


def _days(text: str) -> frozenset[int]:
    if not text.strip():
        return frozenset(range(7))
    days: set[int] = set()
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last and last not in _DAYS):
            raise ValueError(f"quiet_hours: {part!r} is no day; write mon, tue ... sun or mon-fri")
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        days.update(n % 7 for n in range(begin, (end if end >= begin else end + 7) + 1))
    return frozenset(days)


def _clock(text: str) -> time:
    """24:00 is the day's end, midnight: a span that starts and ends there is a whole day."""
    if text == "24:00":
        return time(0)
    try:
        return time.fromisoformat(text)
    except ValueError:
        raise ValueError(f"quiet_hours: {text!r} is no time of day") from None
