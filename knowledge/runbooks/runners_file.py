"""The file of runners: which kinds of steps are run, what each is allowed, and who may run what.

What it does not name is not run. Secrets stand in the environment; the file has only their names.
deploy/runners.toml is an example; docs/how-to/runbooks.md explains every field.
"""

import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from knowledge.errors import UserError
from knowledge.runbooks.actions import Duration

SETTING = "TANDEM_RUNNERS"
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise ValueError("its port is no number") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("write it as https://host or https://host:port")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError("write only https://host or https://host:port; paths go into `paths`")
    return f"{parts.scheme}://{parts.hostname.lower()}:{port or _PORTS[parts.scheme]}"


_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str:
    """The scheme, host and port of an address, as the file has them. Raises ValueError."""
    parts = urlsplit(url)
    return _origin(f"{parts.scheme}://{parts.netloc}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HostSpec(_Part):
    """One origin that steps may call."""

    url: Annotated[str, AfterValidator(_origin)]
    methods: tuple[str, ...] = ("GET", "HEAD")
    paths: tuple[str, ...] = ("/*",)
    """Patterns of the paths that may be called; `*` goes over slashes."""
    private: bool = False
    """Whether it may have a private address: of this machine, of the own network."""
    headers_env: Mapping[str, Variable] = Field(default_factory=dict)
    """Headers that are sent, each from a variable."""


class HttpSpec(_Part):
    host: tuple[HostSpec, ...]


class AnsibleSpec(_Part):
    folder: Path
    """Where the playbooks are; a step names one inside it."""
    playbooks: tuple[str, ...] = ()
    """Patterns of those that may be run."""
    inventories: Mapping[Name, str] = Field(default_factory=dict)
    """By name; a step that names none takes "default". "localhost," is an inventory too."""
    command: str = ""
    env: tuple[Variable, ...] = ()


class RootSpec(_Part):
    path: Path
    env: tuple[Variable, ...] = ()
    apply: bool = True


class TerraformSpec(_Part):
    command: str = ""
    root: Mapping[Name, RootSpec] = Field(default_factory=dict)


class ClusterSpec(_Part):
    kubeconfig: Path
    context: str = ""
    namespaces: tuple[str, ...] = ()
    """Patterns; empty for any, and for things that are in none."""
    env: tuple[Variable, ...] = ()


RESOURCES = (
    *("pod", "deployment", "statefulset", "daemonset", "replicaset", "service", "node", "event"),
    *("job", "cronjob", "horizontalpodautoscaler", "ingress", "endpoints", "namespace"),
    *("persistentvolumeclaim", "persistentvolume"),
)
"""What kubectl may name where the file does not say: no secrets, no configuration."""


class KubectlSpec(_Part):
    command: str = ""
    verbs: tuple[str, ...] = ("get", "describe", "logs", "top", "rollout status", "rollout history")
    resources: tuple[str, ...] = RESOURCES
    cluster: Mapping[Name, ClusterSpec] = Field(default_factory=dict)


class DatabaseSpec(_Part):
    url_env: Variable


class SqlSpec(_Part):
    database: Mapping[Name, DatabaseSpec] = Field(default_factory=dict)


class Element(_Part):
    """One argument that may be anything of a shape."""

    pattern: str

    @model_validator(mode="after")
    def _compiles(self) -> "Element":
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern: {error}") from None
        return self


class AllowedCommand(_Part):
    """One command, argument by argument: a text stands for itself."""

    argv: Annotated[tuple[str | Element, ...], Field(min_length=1)]
    reads_only: bool = False
    env: tuple[Variable, ...] = ()

    @model_validator(mode="after")
    def _names_a_program(self) -> "AllowedCommand":
        program = self.argv[0]
        if not isinstance(program, str) or not program.startswith("/"):
            raise ValueError("argv: begin with the program's whole path, such as /usr/bin/df")
        return self

    def allows(self, argv: tuple[str, ...]) -> bool:
        return len(argv) == len(self.argv) and all(
            given == one if isinstance(one, str) else bool(re.fullmatch(one.pattern, given))
            for one, given in zip(self.argv, argv, strict=True)
        )


class ShellSpec(_Part):
    allow: tuple[AllowedCommand, ...]


class RunbookSpec(_Part):
    """Which runbooks may be run, and by whom. Without people it is whoever may operate."""

    id: str
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    two_people: bool = False
    """Each step that changes something takes two of them."""


class Limits(_Part):
    step: Duration = timedelta(minutes=30)
    """The longest that any step may take, whatever it says itself."""
    output_kb: Annotated[int, Field(ge=1, le=10_000)] = 256
    at_once: Annotated[int, Field(ge=1, le=50)] = 4
    http_kb: Annotated[int, Field(ge=1, le=10_000)] = 512


class RunnersFile(_Part):
    """What the file says, checked. The empty one runs nothing."""

    http: HttpSpec | None = None
    ansible: AnsibleSpec | None = None
    terraform: TerraformSpec | None = None
    kubectl: KubectlSpec | None = None
    sql: SqlSpec | None = None
    shell: ShellSpec | None = None
    runbook: tuple[RunbookSpec, ...] = ()
    limits: Limits = Limits()
    folder: Path | None = None
    """Where steps get folders of their own; the system's temporary folder where it is not said."""

    def rules(self, runbook_id: str) -> RunbookSpec | None:
        """The last entry that fits goes before earlier ones, the own name before patterns; None
        where the runbook is only shown."""
        own = [spec for spec in self.runbook if spec.id == runbook_id]
        fitting = [spec for spec in self.runbook if fnmatchcase(runbook_id, spec.id)]
        return next(iter((own or fitting)[-1:]), None)


def read_runners(path: Path) -> RunnersFile:
    """Raises UserError, a line for each wrong field. Paths in it are relative to its folder."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"{SETTING}: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{SETTING}: {path} is not UTF-8; save it as UTF-8 text.") from error
    return parse_runners(text, str(path), path.parent)


def parse_runners(text: str, source: str = "runners.toml", base: Path | None = None) -> RunnersFile:
    """Raises UserError, a line for each wrong field."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    try:
        read = RunnersFile.model_validate(raw)
    except ValidationError as error:
        raise UserError("\n".join(_say(source, e) for e in error.errors())) from None
    return read if base is None else _below(read, base.resolve())


def _below(file: RunnersFile, base: Path) -> RunnersFile:
    """With whole paths."""
    update: dict[str, Any] = {}
    if file.ansible is not None:
        inventories = {
            name: where if "," in where else str(base / where)
            for name, where in file.ansible.inventories.items()
        }
        folder = base / file.ansible.folder
        update["ansible"] = file.ansible.model_copy(
            update={"folder": folder, "inventories": inventories}
        )
    if file.terraform is not None:
        roots = {
            name: root.model_copy(update={"path": base / root.path})
            for name, root in file.terraform.root.items()
        }
        update["terraform"] = file.terraform.model_copy(update={"root": roots})
    if file.kubectl is not None:
        clusters = {
            name: cluster.model_copy(update={"kubeconfig": base / cluster.kubeconfig})
            for name, cluster in file.kubectl.cluster.items()
        }
        update["kubectl"] = file.kubectl.model_copy(update={"cluster": clusters})
    if file.folder is not None:
        update["folder"] = base / file.folder
    return file.model_copy(update=update)


def _say(source: str, error: Any) -> str:
    """The line of one wrong field."""
    # pydantic puts the alternatives of a union into the place.
    parts = [part for part in error["loc"] if part != "str" and "(" not in str(part)]
    place = ".".join(str(part + 1 if isinstance(part, int) else part) for part in parts)
    problem = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        problem = "there is no such field"
    if error["type"] == "missing":
        problem = "it is missing"
    return f"{source}: {place}: {problem}."
