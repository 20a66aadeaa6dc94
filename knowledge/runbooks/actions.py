"""Pure: what a runnable step does, one shape a kind.

A shape is read from the TOML of a fenced block, with `{parameter}` where a value goes, and filled
in by `filled`: a value becomes part of one string of the structure (an element of an argument list,
a segment of an address, a variable) and is never parsed again.
"""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from knowledge.durations import parse_duration
from knowledge.errors import UserError

LONGEST = timedelta(hours=2)
USUAL = timedelta(minutes=5)
_PLACE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_BOUND = re.compile(r"(?<![:\w]):([a-z][a-z0-9_]*)")

Values = Mapping[str, str]


def placeholders(text: str) -> list[str]:
    """Names in braces, in their order. Raises ValueError for what is none."""
    found = [match[1] for match in _PLACE.finditer(text) if match[1] is not None]
    for name in found:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{{{name}}} is no parameter; write a name in lower case, or {{{{ for a brace"
            )
    return found


def put_in(text: str, values: Values, as_: Callable[[str], str] = str) -> str:
    """The text with values for names. Raises KeyError for one that is not there."""

    def one(match: re.Match[str]) -> str:
        if match[1] is None:
            return match.group()[0]
        return as_(values[match[1]])

    return _PLACE.sub(one, text)


def _checked_text(text: str) -> str:
    placeholders(text)
    return text


def _duration(value: object) -> object:
    if not isinstance(value, str):
        return value
    length = parse_duration(value)
    if not timedelta() < length <= LONGEST:
        raise ValueError("give more than nothing and at most 2h")
    return length


Text = Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(_checked_text)]
Plain = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)]
Relative = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][\w.-]*)*$")]
Duration = Annotated[timedelta, BeforeValidator(_duration)]


class Action(BaseModel):
    """What every kind has. `filled` gives the same shape with the values in their places."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: ClassVar[str]
    timeout: Duration = USUAL
    rollback: str = ""
    """How to take it back, for people."""
    confirm: str = ""
    """What is asked before a click on it counts."""
    two_people: bool = False
    no_dry_run: str = ""
    """Why it may be run without a dry run."""

    @property
    def changes(self) -> bool:
        """Whether it may change something."""
        raise NotImplementedError

    @property
    def shown(self) -> str:
        """What is run, as people read it."""
        raise NotImplementedError

    def names(self) -> set[str]:
        """The parameters it uses."""
        return {name for text in _texts(self._templates()) for name in placeholders(text)}

    def filled(self, values: Values) -> "Action":
        """Raises UserError where a value does not fit its place."""
        raise NotImplementedError

    def _templates(self) -> object:
        """The part in which parameters may stand."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _says_why(self) -> "Action":
        if self.two_people and not self.changes:
            raise ValueError("two_people is for steps that change something")
        return self


class Http(Action):
    """One request. What comes back with another status than `expect` is a failure."""

    kind: ClassVar[str] = "http"
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: Text
    body: dict[str, Any] | None = None
    """Sent as JSON."""
    expect: tuple[Annotated[int, Field(ge=200, le=299)], ...] = ()
    """Empty: any status from 200 to 299."""
    dry_url: Text | None = None
    """What is asked instead in a dry run, with GET or, with `dry_method`, otherwise."""
    dry_method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"

    @property
    def changes(self) -> bool:
        return self.method not in ("GET", "HEAD")

    @property
    def shown(self) -> str:
        return f"{self.method} {self.url}" + (f" with {self.body}" if self.body else "")

    def filled(self, values: Values) -> "Http":
        update = {
            "url": _address(self.url, values),
            "dry_url": self.dry_url and _address(self.dry_url, values),
            "body": _deep(self.body, values),
        }
        return self.model_copy(update=update)

    def _templates(self) -> object:
        return [self.url, self.dry_url, self.body]

    @model_validator(mode="after")
    def _leads_somewhere(self) -> "Http":
        for url in filter(None, (self.url, self.dry_url)):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError("url: give the whole address, such as https://host/path")
            if placeholders(parts.netloc):
                raise ValueError("url: no parameter may stand in the host's name")
            if "@" in parts.netloc:
                raise ValueError("url: no name and password here; the runners' file has those")
        if self.changes and self.body is None and self.method in ("PUT", "PATCH"):
            raise ValueError(f"body: a {self.method} needs one")
        return self


class Ansible(Action):
    """One playbook. Its dry run is --check --diff."""

    kind: ClassVar[str] = "ansible"
    playbook: Relative
    inventory: Plain = "default"
    limit: Text | None = None
    tags: tuple[Plain, ...] = ()
    vars: dict[str, str | bool | int | float | list[str]] = Field(default_factory=dict)

    @property
    def changes(self) -> bool:
        return True

    @property
    def shown(self) -> str:
        words = ["ansible-playbook", self.playbook, f"-i {self.inventory}"]
        words += [f"--limit {self.limit}"] if self.limit else []
        words += [f"--tags {','.join(self.tags)}"] if self.tags else []
        return " ".join(words + [f"{name}={value}" for name, value in self.vars.items()])

    def filled(self, values: Values) -> "Ansible":
        limit = self.limit and put_in(self.limit, values)
        if limit and placeholders(self.limit or "") and not _HOST.fullmatch(limit):
            raise UserError(f"limit: {limit!r} is not the name of one host")
        if limit in _EVERYWHERE and limit != self.limit:
            raise UserError(f"limit: {limit!r} is not one host but all of them")
        return self.model_copy(update={"limit": limit, "vars": _deep(self.vars, values)})

    def _templates(self) -> object:
        return [self.limit, self.vars]


_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EVERYWHERE = frozenset({"all", "ungrouped"})


class Terraform(Action):
    """A plan, and the applying of that very plan. Its dry run is the plan."""

    kind: ClassVar[str] = "terraform"
    root: Plain
    """The name of a root module in the runners' file."""
    vars: dict[str, str | bool | int | float] = Field(default_factory=dict)
    plan_only: bool = False

    @property
    def changes(self) -> bool:
        return not self.plan_only

    @property
    def shown(self) -> str:
        verb = "plan" if self.plan_only else "apply"
        return " ".join(
            [f"terraform {verb}", self.root, *(f"{n}={v}" for n, v in self.vars.items())]
        )

    def filled(self, values: Values) -> "Terraform":
        return self.model_copy(update={"vars": _deep(self.vars, values)})

    def _templates(self) -> object:
        return self.vars


class Kubectl(Action):
    """One kubectl command, its verb first. Its dry run is --dry-run=server where there is one."""

    kind: ClassVar[str] = "kubectl"
    cluster: Plain = "default"
    args: Annotated[tuple[Text, ...], Field(min_length=2, max_length=40)]

    @property
    def changes(self) -> bool:
        return self.verb not in _LOOKS

    @property
    def shown(self) -> str:
        return " ".join(["kubectl", *self.args])

    @property
    def verb(self) -> tuple[str, ...]:
        return self.args[:2] if self.args[0] == "rollout" else self.args[:1]

    def filled(self, values: Values) -> "Kubectl":
        return self.model_copy(update={"args": tuple(put_in(arg, values) for arg in self.args)})

    def _templates(self) -> object:
        return list(self.args)

    @model_validator(mode="after")
    def _is_allowed(self) -> "Kubectl":
        if self.verb not in _LOOKS and self.verb not in _ACTS:
            known = ", ".join(" ".join(verb) for verb in (*_LOOKS, *_ACTS))
            raise ValueError(f"args: `{' '.join(self.verb)}` is not offered; there is {known}")
        return self


_LOOKS: tuple[tuple[str, ...], ...] = (
    ("get",),
    ("describe",),
    ("logs",),
    ("top",),
    ("rollout", "status"),
    ("rollout", "history"),
)
_ACTS: tuple[tuple[str, ...], ...] = (
    ("scale",),
    ("cordon",),
    ("uncordon",),
    ("rollout", "restart"),
    ("rollout", "undo"),
    ("rollout", "pause"),
    ("rollout", "resume"),
)


class Sql(Action):
    """One statement that only reads; parameters stand in it as :name and are bound."""

    kind: ClassVar[str] = "sql"
    database: Plain
    query: Annotated[str, Field(min_length=1, max_length=4_000)]
    rows: Annotated[int, Field(ge=1, le=500)] = 50
    values: dict[str, str] = Field(default_factory=dict, exclude=True)
    """What is bound; filled in, never written by the author."""

    @property
    def changes(self) -> bool:
        return False

    @property
    def shown(self) -> str:
        bound = ", ".join(f"{name}={value}" for name, value in self.values.items())
        return f"{self.database}: {' '.join(self.query.split())}" + (f" [{bound}]" if bound else "")

    def names(self) -> set[str]:
        return set(_BOUND.findall(self.query))

    def filled(self, values: Values) -> "Sql":
        return self.model_copy(update={"values": {n: values[n] for n in sorted(self.names())}})

    @model_validator(mode="after")
    def _binds(self) -> "Sql":
        if self.values:
            raise ValueError("values: write parameters into the query as :name")
        return self


class Shell(Action):
    """One program with its arguments; no shell reads them. The runners' file allows which."""

    kind: ClassVar[str] = "shell"
    argv: Annotated[tuple[Text, ...], Field(min_length=1, max_length=40)]
    dry_argv: Annotated[tuple[Text, ...], Field(max_length=40)] = ()
    reads_only: bool = False
    """The author's word that it changes nothing; the runners' file must say so too."""

    @property
    def changes(self) -> bool:
        return not self.reads_only

    @property
    def shown(self) -> str:
        return " ".join(repr(arg) if " " in arg else arg for arg in self.argv)

    def filled(self, values: Values) -> "Shell":
        update = {
            "argv": tuple(put_in(arg, values) for arg in self.argv),
            "dry_argv": tuple(put_in(arg, values) for arg in self.dry_argv),
        }
        return self.model_copy(update=update)

    def _templates(self) -> object:
        return [*self.argv, *self.dry_argv]

    @model_validator(mode="after")
    def _names_a_program(self) -> "Shell":
        if any(placeholders(argv[0]) for argv in (self.argv, self.dry_argv) if argv):
            raise ValueError("argv: the program itself cannot be a parameter")
        return self


SHAPES: Mapping[str, type[Action]] = {
    shape.kind: shape for shape in (Http, Ansible, Terraform, Kubectl, Sql, Shell)
}
"""By the word after `tandem=`."""


def _address(url: str, values: Values) -> str:
    """Values are percent-encoded, so that none ends a segment or begins a query."""
    found = put_in(url, values, lambda value: quote(value, safe=""))
    if any(part in (".", "..") for part in urlsplit(found).path.split("/")):
        raise UserError(f"url: {found} leads to a folder above")
    return found


def _deep(value: Any, values: Values) -> Any:
    """The same structure with values for names in each of its texts; keys stay as they are."""
    match value:
        case str():
            return put_in(value, values)
        case dict():
            return {name: _deep(part, values) for name, part in value.items()}
        case list():
            return [_deep(part, values) for part in value]
    return value


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for part in value.values() for text in _texts(part)]
        case list():
            return [text for part in value for text in _texts(part)]
    return []
