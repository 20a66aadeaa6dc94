"""Pure: how a model is trained, and which parameters a person may choose for it.

What a person types is data: only names that the recipe lists are taken, each checked against its
type and bounds, and nothing of it ever becomes a job's name, an address or a command.
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from knowledge.errors import BadArgs

MOST_PARAMETERS = 20
"""A window of Slack has room for them; a run that needs more is configured in its own system."""
MOST_CHARACTERS = 200

Value = str | int | float | bool
"""A parameter as the system gets it."""


class ParameterType(StrEnum):
    TEXT = "text"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    DATE = "date"
    CHOICE = "choice"


@dataclass(frozen=True)
class Parameter:
    """One thing that a person may set. Without a default it must be given."""

    name: str
    type: ParameterType = ParameterType.TEXT
    default: str | None = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str = ""
    """A regular expression that the whole of a text must match."""
    hint: str = ""

    @property
    def bounds(self) -> str:
        """In words: "7 to 365", "at least 1", "one of adam, sgd"; empty where anything goes."""
        if self.choices:
            return f"one of {', '.join(self.choices)}"
        if self.least is not None and self.most is not None:
            return f"{self.least:g} to {self.most:g}"
        if self.least is not None:
            return f"at least {self.least:g}"
        return f"at most {self.most:g}" if self.most is not None else ""


@dataclass(frozen=True)
class Recipe:
    """How one model is trained."""

    model: str
    trainer: str = ""
    """The name of the trainer that does it."""
    system: str = "webhook"
    job: str = ""
    """What that trainer calls it: a DAG, a template, a pipeline, a workflow file, a job."""
    parameters: tuple[Parameter, ...] = ()
    fixed: Mapping[str, Value] = field(default_factory=dict)
    """Given to every run; nobody can change them from the chat."""
    id_parameter: str = ""
    """The parameter that carries our id of the run, or empty for none."""
    free: bool = False
    """Takes any parameter: its receiver checks them."""


def read_parameters(text: str) -> dict[str, str]:
    """ "days=90 epochs=5" as a dict. Raises BadArgs that shows what it could not read."""
    found: dict[str, str] = {}
    for part in text.replace(",", " ").split():
        name, sign, value = part.partition("=")
        if not (name and sign and value):
            raise BadArgs("parameters", f"cannot read {part[:40]!r}", "Write days=90 epochs=5.")
        found[name] = value
    if len(found) > MOST_PARAMETERS:
        raise BadArgs("parameters", f"there are {len(found)}", f"{MOST_PARAMETERS} at most.")
    return found


def chosen(recipe: Recipe, given: Mapping[str, str]) -> dict[str, str]:
    """What a run of this recipe gets for what a person typed, defaults filled in, each in its plain
    form ("090" is "90"). An empty text counts as not given. Raises BadArgs."""
    typed_in = {name: text.strip() for name, text in given.items() if text.strip()}
    check_names(recipe, typed_in)
    if recipe.free:
        return typed_in
    found: dict[str, str] = {}
    for parameter in recipe.parameters:
        text = typed_in.get(parameter.name, parameter.default)
        if text is None:
            raise BadArgs(parameter.name, "it is missing", _remedy(parameter))
        found[parameter.name] = say_value(_value(parameter, text))
    return found


def check_names(recipe: Recipe, given: Iterable[str]) -> None:
    """Raises BadArgs for a parameter that this recipe does not list."""
    known = [parameter.name for parameter in recipe.parameters]
    for name in given:
        if name not in known and not recipe.free:
            what = f"{recipe.model} takes {', '.join(known)}." if known else "Leave it out."
            raise BadArgs("parameters", f"there is no {name[:40]!r}", what)


def typed(recipe: Recipe, parameters: Mapping[str, str], run_id: str) -> dict[str, Value]:
    """Everything that the system is given: what was chosen (checked once more), what is fixed, and
    our id. Raises BadArgs where the recipe has changed since it was chosen."""
    known = {parameter.name: parameter for parameter in recipe.parameters}
    plain = chosen(recipe, parameters)
    values = {name: _value(known[name], t) if name in known else t for name, t in plain.items()}
    ours = {recipe.id_parameter: run_id} if recipe.id_parameter else {}
    return {**values, **recipe.fixed, **ours}


def say_value(value: Value) -> str:
    """As systems that know texts only are given it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _value(parameter: Parameter, text: str) -> Value:
    """Raises BadArgs that names the parameter, and says what would be right."""
    match parameter.type:
        case ParameterType.INT | ParameterType.FLOAT:
            return _number(parameter, text)
        case ParameterType.BOOL:
            if text.lower() in ("true", "yes", "1", "on"):
                return True
            if text.lower() in ("false", "no", "0", "off"):
                return False
            raise _wrong(parameter, text)
        case ParameterType.DATE:
            try:
                return date.fromisoformat(text).isoformat()
            except ValueError:
                raise _wrong(parameter, text) from None
        case ParameterType.CHOICE:
            if text not in parameter.choices:
                raise _wrong(parameter, text)
            return text
        case ParameterType.TEXT:
            return _text(parameter, text)


def _number(parameter: Parameter, text: str) -> int | float:
    try:
        value = int(text) if parameter.type is ParameterType.INT else float(text)
    except ValueError:
        raise _wrong(parameter, text) from None
    low = -math.inf if parameter.least is None else parameter.least
    high = math.inf if parameter.most is None else parameter.most
    if not (math.isfinite(value) and low <= value <= high):
        raise _wrong(parameter, text)
    return value


def _text(parameter: Parameter, text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        problem = f"it has {len(text)} characters"
        raise BadArgs(parameter.name, problem, f"{MOST_CHARACTERS} at most.")
    if not text.isprintable():
        raise BadArgs(parameter.name, "it holds control characters", "Write it on one line.")
    if parameter.pattern and not re.fullmatch(parameter.pattern, text):
        raise _wrong(parameter, text)
    return text


def _wrong(parameter: Parameter, text: str) -> BadArgs:
    return BadArgs(parameter.name, f"{text[:40]!r} does not fit", _remedy(parameter))


_EXPECTED = {
    ParameterType.TEXT: "a text",
    ParameterType.INT: "a whole number",
    ParameterType.FLOAT: "a number",
    ParameterType.BOOL: "true or false",
    ParameterType.DATE: "a date such as 2026-03-05",
    ParameterType.CHOICE: "a choice",
}


def _remedy(parameter: Parameter) -> str:
    if parameter.type is ParameterType.CHOICE:
        return f"Give {parameter.bounds}."
    bounds = f", {parameter.bounds}" if parameter.bounds else ""
    shape = f" that matches {parameter.pattern}" if parameter.pattern else ""
    return f"Give {_EXPECTED[parameter.type]}{bounds}{shape}."
