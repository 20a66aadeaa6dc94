"""Pure: Markdown -> a runbook with runnable steps.

Prose stays prose. A runnable step is a fenced block whose info string is `toml tandem=<kind>`: any
Markdown viewer shows it as TOML. One block `toml tandem=parameters` says what is filled in. The
step's title is the list item or the heading before it. docs/how-to/runbooks.md explains the format.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from knowledge.errors import BadArgs
from knowledge.ingest import Problem
from knowledge.records import Document
from knowledge.runbooks.actions import SHAPES, Action
from knowledge.runbooks.parameters import (
    FROM_INCIDENT,
    LABEL,
    MOST_PARAMETERS,
    Kind,
    Parameter,
    checked,
)

MOST_STEPS = 30
PARAMETERS = "parameters"
ALERT_TAG, LABEL_TAG = "alert:", "label:"
"""How `alerts` and `labels` of the front matter stand among a document's tags."""

_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<mark>`{3,}|~{3,})(?P<info>[^`]*)$")
_INFO = re.compile(r"toml[ \t]+tandem=(?P<kind>[a-z]+)")
_HEADING = re.compile(r"^#{1,6}\s+(?P<text>.*?)\s*#*\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?P<text>\S.*)$")
_TOML_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_MOST_TITLE = 80


@dataclass(frozen=True)
class Step:
    """One runnable step, its parameters still to be filled in."""

    number: int
    """From 1, in the order of the text."""
    title: str
    kind: str
    action: Action
    line: int
    """Of its fence in the text, from 1."""

    @property
    def changes(self) -> bool:
        return self.action.changes

    @property
    def timeout(self) -> timedelta:
        return self.action.timeout


@dataclass(frozen=True)
class Prose:
    """Text between the steps, as it was written."""

    text: str


@dataclass(frozen=True)
class Runbook:
    """`parts` are prose and steps in the order of the text."""

    id: str
    title: str
    text: str
    parts: tuple[Prose | Step, ...]
    parameters: tuple[Parameter, ...] = ()
    service: str = ""
    alerts: tuple[str, ...] = ()
    """Patterns of the names of alerts that it is for."""
    labels: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    """Why it is not runnable, where it means to be."""

    @property
    def steps(self) -> tuple[Step, ...]:
        return tuple(part for part in self.parts if isinstance(part, Step))

    @property
    def digest(self) -> str:
        return text_digest(self.text)

    def step(self, number: int) -> Step:
        """Raises BadArgs."""
        if not 1 <= number <= len(self.steps):
            raise BadArgs("step", f"there is no step {number}", f"It has {len(self.steps)}.")
        return self.steps[number - 1]


def text_digest(text: str) -> str:
    """SHA-256 of a runbook's text, in hex."""
    return sha256(text.encode()).hexdigest()


def read_runbook(document: Document, file: str = "", first_line: int = 1) -> Runbook:
    """A document of the library as a runbook; what is wrong is in `problems`, never raised.
    `first_line` is where the document's text begins in its file."""
    reader = _Reader(file or document.id, first_line)
    reader.read(document.text)
    known = {parameter.name for parameter in reader.parameters}
    for step in reader.steps:
        for name in sorted(step.action.names() - known):
            reader.wrong(step.line, f"step {step.number}: {{{name}}} is no parameter; {_HOW}")
    if len(reader.steps) > MOST_STEPS:
        reader.wrong(1, f"there are {len(reader.steps)} steps; {MOST_STEPS} at most")
    return Runbook(
        id=document.id,
        title=document.title,
        text=document.text,
        parts=tuple(reader.parts),
        parameters=tuple(reader.parameters),
        service=document.service,
        alerts=tuple(_after(document.tags, ALERT_TAG)),
        labels=tuple(_pair(tag) for tag in _after(document.tags, LABEL_TAG)),
        problems=tuple(sorted(reader.problems, key=lambda problem: problem.line)),
    )


_HOW = "add it to the block `toml tandem=parameters`"


@dataclass(frozen=True)
class _Block:
    """A fenced block of ours. `line` is its fence's, from 1 in the text."""

    kind: str
    body: str
    line: int


class _ParameterShape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    description: Annotated[str, Field(max_length=150)] = ""
    type: Kind = Kind.TEXT
    pattern: Annotated[str, Field(max_length=200)] = ""
    choices: tuple[str, ...] = ()
    min: int | None = None
    max: int | None = None
    default: str | int | None = None
    source: str = Field("", alias="from")


class _Reader:
    """Walks through a text once, line by line."""

    def __init__(self, file: str, first_line: int) -> None:
        self._file = file
        self._offset = first_line - 1
        self.parts: list[Prose | Step] = []
        self.parameters: list[Parameter] = []
        self.problems: list[Problem] = []
        self._prose: list[str] = []
        self._title = ""

    @property
    def steps(self) -> list[Step]:
        return [part for part in self.parts if isinstance(part, Step)]

    def wrong(self, line: int, why: str) -> None:
        self.problems.append(Problem(self._file, line + self._offset, why))

    def read(self, text: str) -> None:
        for item in self._blocks(text.split("\n")):
            if isinstance(item, str):
                self._say(item)
            elif item.kind == PARAMETERS:
                self._read_parameters(item)
            else:
                self._read_step(item)
        self._end_prose()

    def _blocks(self, lines: Sequence[str]) -> Iterator[str | _Block]:
        """Lines of prose, and our blocks; other fenced blocks are prose."""
        at = 0
        while at < len(lines):
            fence = _FENCE.match(lines[at])
            end = _closing(lines, at, fence) if fence else at
            if fence is None or not self._is_ours(fence["info"], at + 1):
                yield from lines[at : end + 1]
            elif end == len(lines):
                self.wrong(at + 1, f"the block is not closed; end it with {fence['mark']}")
            else:
                kind = _INFO.fullmatch(fence["info"].strip())
                assert kind is not None, "it is one of ours"
                body = _dedented(lines[at + 1 : end], fence["indent"])
                yield _Block(kind["kind"], body, at + 1)
            at = end + 1

    def _is_ours(self, info: str, line: int) -> bool:
        """Says what is wrong with one that only nearly is."""
        words = info.strip()
        if _INFO.fullmatch(words):
            return True
        if "tandem" in words.split("=")[0].split():
            self.wrong(line, f"`{words}`: write `toml tandem=<kind>`, such as toml tandem=http")
        return False

    def _say(self, line: str) -> None:
        found = _HEADING.match(line) or _ITEM.match(line)
        if found and found["text"]:
            self._title = _short(found["text"])
        self._prose.append(line)

    def _end_prose(self) -> None:
        if any(line.strip() for line in self._prose):
            self.parts.append(Prose("\n".join(self._prose)))
        self._prose.clear()

    def _read_step(self, block: _Block) -> None:
        shape = SHAPES.get(block.kind)
        if shape is None:
            known = ", ".join((*SHAPES, PARAMETERS))
            self.wrong(block.line, f"tandem={block.kind}: there is no such kind; there is {known}")
            return
        raw = self._toml(block)
        if raw is None:
            return
        try:
            action = shape.model_validate(raw)
        except ValidationError as error:
            self._all_wrong(block, error)
            return
        self._end_prose()
        number = len(self.steps) + 1
        title = self._title or f"Step {number}"
        self.parts.append(Step(number, title, block.kind, action, block.line))

    def _read_parameters(self, block: _Block) -> None:
        raw = self._toml(block)
        if raw is None:
            return
        if self.parameters:
            self.wrong(block.line, "tandem=parameters: it is there twice; make one block of them")
        if len(raw) > MOST_PARAMETERS:
            self.wrong(block.line, f"there are {len(raw)} parameters; {MOST_PARAMETERS} at most")
        for name, given in raw.items():
            self._read_parameter(block, name, given)

    def _read_parameter(self, block: _Block, name: str, given: object) -> None:
        line = _line_of(block, name)
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
            self.wrong(line, f"{name}: begin with a letter, then a-z, 0-9 and `_`")
            return
        try:
            shape = _ParameterShape.model_validate(given)
        except ValidationError as error:
            for one in error.errors():
                self.wrong(line, f"{name}: {_say_error(one)}")
            return
        parameter = _parameter(name, shape)
        problem = _contradiction(parameter)
        if problem:
            self.wrong(line, f"{name}: {problem}")
        else:
            self.parameters.append(parameter)

    def _toml(self, block: _Block) -> dict[str, Any] | None:
        try:
            return tomllib.loads(block.body)
        except tomllib.TOMLDecodeError as error:
            said = _TOML_LINE.search(str(error))
            line = block.line + (int(said[1]) if said else block.body.count("\n") + 1)
            why = _TOML_LINE.sub("", str(error)).strip()
            self.wrong(line, f"tandem={block.kind}: this is not TOML: {why}")
            return None

    def _all_wrong(self, block: _Block, error: ValidationError) -> None:
        for one in error.errors():
            field = str(one["loc"][0]) if one["loc"] else ""
            self.wrong(_line_of(block, field), f"tandem={block.kind}: {_say_error(one)}")


def _closing(lines: Sequence[str], at: int, fence: re.Match[str]) -> int:
    """The line that ends the block; behind the last one where none does."""
    mark = fence["mark"]
    for number in range(at + 1, len(lines)):
        bare = lines[number].strip()
        if len(bare) >= len(mark) and set(bare) == {mark[0]}:
            return number
    return len(lines)


def _dedented(lines: Sequence[str], indent: str) -> str:
    return "\n".join(line.removeprefix(indent) for line in lines)


def _parameter(name: str, shape: _ParameterShape) -> Parameter:
    return Parameter(
        name=name,
        description=shape.description,
        kind=shape.type,
        pattern=shape.pattern,
        choices=shape.choices,
        least=shape.min,
        most=shape.max,
        default=None if shape.default is None else str(shape.default),
        source=shape.source,
    )


def _contradiction(parameter: Parameter) -> str:
    """What is wrong with a parameter in itself; empty where nothing is."""
    try:
        re.compile(parameter.pattern)
    except re.error as error:
        return f"pattern: {error}"
    bounds = parameter.least is not None or parameter.most is not None
    if bounds and parameter.kind is not Kind.INT:
        return 'min and max go with type = "int"'
    if parameter.pattern and (parameter.choices or parameter.kind is Kind.INT):
        return "pattern is for texts without choices"
    source = parameter.source
    if source and source not in FROM_INCIDENT and not source.startswith(LABEL):
        return f"from: {source!r} is not known; write {', '.join(FROM_INCIDENT)} or label:<name>"
    for value in (*parameter.choices, *filter(None, [parameter.default])):
        try:
            checked(parameter, value)
        except BadArgs as error:
            return f"{value!r}: {error.problem}. {error.remedy}"
    return ""


def _line_of(block: _Block, field: str) -> int:
    """Where a field stands in its block, else the block's fence."""
    wanted = re.compile(rf'^\s*\[*"?{re.escape(field)}"?\s*[\].=]')
    for number, line in enumerate(block.body.split("\n"), start=1):
        if field and wanted.match(line):
            return block.line + number
    return block.line


def _say_error(error: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in error["loc"])
    said = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        said = "there is no such field"
    if error["type"] == "missing":
        said = "it is missing"
    return f"{place}: {said}" if place else said


def _short(text: str) -> str:
    """The first sentence, without marks of emphasis."""
    sentence = re.split(r"(?<=[.!?])\s", text.replace("**", "").replace("`", ""), maxsplit=1)[0]
    bare = sentence.rstrip(".: ")
    return bare if len(bare) <= _MOST_TITLE else bare[: _MOST_TITLE - 1].rstrip() + "…"


def _after(tags: Sequence[str], lead: str) -> Iterator[str]:
    return (tag.removeprefix(lead).strip() for tag in tags if tag.startswith(lead))


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()
