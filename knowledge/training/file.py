"""The file of trainers: which systems train models, how each model is trained there, and what a
person may choose. Secrets stand in the environment; the file has only their names.

deploy/trainers.toml is an example; docs/how-to/retrain.md explains every field.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from knowledge.errors import BadArgs, NotFound, UserError
from knowledge.training.recipe import (
    MOST_PARAMETERS,
    Parameter,
    ParameterType,
    Recipe,
    Value,
    chosen,
    say_value,
)

Environment = Callable[[str], str]
"""A variable's value by its name; empty where it is not set."""
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=60)]
Url = Annotated[str, Field(pattern=r"^https?://\S+$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
_PARAMETER_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,59}")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainerSpec(_Part):
    """What every kind has. `callback_secret_env` lets the run itself report to /training."""

    name: Name
    callback_secret_env: Variable | None = None


class AirflowSpec(TrainerSpec):
    """`api` is v2 for Airflow 3, v1 for Airflow 2."""

    kind: Literal["airflow"]
    url: Url
    api: Literal["v1", "v2"] = "v2"
    token_env: Variable | None = None
    user: str = ""
    password_env: Variable | None = None

    @model_validator(mode="after")
    def _signs_in(self) -> "AirflowSpec":
        if (self.token_env is None) == (self.password_env is None):
            raise ValueError("give token_env, or user and password_env")
        if self.password_env is not None and not self.user:
            raise ValueError("give user beside password_env")
        return self


class ArgoSpec(TrainerSpec):
    kind: Literal["argo"]
    url: Url
    token_env: Variable
    namespace: Name


class KubeflowSpec(TrainerSpec):
    kind: Literal["kubeflow"]
    url: Url
    token_env: Variable | None = None
    namespace: str = ""
    experiment: str = ""
    """An experiment's id; empty for the default one."""


class SageMakerSpec(TrainerSpec):
    """Credentials are those of AWS's own chain: environment, profile, role."""

    kind: Literal["sagemaker"]
    region: Name
    url: Url | None = None
    """Another endpoint than AWS's own, such as a VPC endpoint."""


class GitHubSpec(TrainerSpec):
    kind: Literal["github"]
    url: Url = "https://api.github.com"
    repository: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+$")]
    ref: str = "main"
    token_env: Variable


class JenkinsSpec(TrainerSpec):
    kind: Literal["jenkins"]
    url: Url
    user: str
    token_env: Variable


class WebhookSpec(TrainerSpec):
    kind: Literal["webhook"]
    url: Url
    secret_env: Variable


AnySpec = Annotated[
    AirflowSpec | ArgoSpec | KubeflowSpec | SageMakerSpec | GitHubSpec | JenkinsSpec | WebhookSpec,
    Field(discriminator="kind"),
]

ID_PARAMETERS = {"github": "tandem_training", "jenkins": "TRAINING_ID"}
"""Systems that tell a run by nothing else that we could give: by it a run is found again, so that
asking twice starts one."""


class _ParameterShape(_Part):
    type: ParameterType = ParameterType.TEXT
    default: Any = None
    least: float | None = Field(None, alias="min")
    most: float | None = Field(None, alias="max")
    choices: tuple[str, ...] = ()
    pattern: str = ""
    hint: str = ""

    @model_validator(mode="after")
    def _fits_its_type(self) -> "_ParameterShape":
        number = self.type in (ParameterType.INT, ParameterType.FLOAT)
        if not number and (self.least is not None or self.most is not None):
            raise ValueError(f"min and max are for int and float, not {self.type}")
        if (self.type is ParameterType.CHOICE) != bool(self.choices):
            raise ValueError('choices go with type = "choice", and only with it')
        if self.least is not None and self.most is not None and self.least > self.most:
            raise ValueError("min is larger than max")
        if self.pattern and self.type is not ParameterType.TEXT:
            raise ValueError(f"pattern is for text, not {self.type}")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern: {error}") from None
        return self

    def parameter(self, name: str) -> Parameter:
        default = None if self.default is None else _default(self.default)
        return Parameter(
            name,
            self.type,
            default,
            self.least,
            self.most,
            self.choices,
            self.pattern,
            self.hint,
        )


class _ModelShape(_Part):
    trainer: str
    job: str = ""
    fixed: Mapping[str, str | bool | int | float] = Field(default_factory=dict)
    parameters: Mapping[str, _ParameterShape] = Field(default_factory=dict)
    id_parameter: str | None = None
    any_parameters: bool = False


class _File(_Part):
    trainer: tuple[AnySpec, ...] = ()
    model: Mapping[str, _ModelShape] = Field(default_factory=dict)


@dataclass(frozen=True)
class TrainersFile:
    """What the file says, checked."""

    trainers: tuple[AnySpec, ...] = ()
    recipes: Mapping[str, Recipe] = field(default_factory=dict)
    """By the pattern of the model's name, in the order of the file."""

    def recipe(self, model: str) -> Recipe:
        """Its own name goes before patterns, and the last pattern that fits before earlier ones.
        Raises NotFound that names the patterns there are."""
        fitting = [r for p, r in self.recipes.items() if fnmatchcase(model, p)]
        own = self.recipes.get(model)
        if own is None and not fitting:
            raise NotFound.among("way to train", model, self.recipes)
        return replace(own or fitting[-1], model=model)


def read_trainers(path: Path) -> TrainersFile:
    """Raises UserError, a line for each wrong field."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise UserError(f"TANDEM_TRAINERS: {path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise UserError(f"TANDEM_TRAINERS: {path} is not UTF-8; save it as UTF-8 text.") from error
    return parse_trainers(text, str(path))


def parse_trainers(text: str, source: str = "trainers.toml") -> TrainersFile:
    """Raises UserError, a line for each wrong field."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{source} is not valid TOML: {error}.") from error
    try:
        read = _File.model_validate(raw)
    except ValidationError as error:
        raise UserError("\n".join(_say(source, raw, e) for e in error.errors())) from None
    kinds = {spec.name: spec.kind for spec in read.trainer}
    problems = [
        *_twice(read),
        *(p for name, shape in read.model.items() for p in _problems(name, shape, kinds)),
    ]
    if problems:
        raise UserError("\n".join(f"{source}: {problem}" for problem in problems))
    recipes = {name: _recipe(name, shape, kinds) for name, shape in read.model.items()}
    return TrainersFile(read.trainer, recipes)


def secret(environment: Environment, where: str, variable: str) -> str:
    """Raises UserError that names the variable and who needs it."""
    value = environment(variable)
    if not value:
        raise UserError(f"{variable} is not set. {where} needs it; set it in the environment.")
    return value


def _twice(read: _File) -> Iterator[str]:
    names = [spec.name for spec in read.trainer]
    for name in dict.fromkeys(n for n in names if names.count(n) > 1):
        yield f"trainer {name!r} is there twice; give each its own name."


def _problems(name: str, shape: _ModelShape, kinds: Mapping[str, str]) -> Iterator[str]:
    where = f'model."{name}"'
    if shape.trainer not in kinds:
        known = ", ".join(kinds) or "none; add a [[trainer]]"
        yield f"{where}: trainer: there is no {shape.trainer!r}; there is {known}."
        return
    kind = kinds[shape.trainer]
    if not shape.job and kind != "webhook":
        yield f"{where}: job: it is missing; give {_JOBS[kind]}."
    if shape.any_parameters and (kind != "webhook" or shape.parameters):
        yield f"{where}: any_parameters: it is for webhooks that list no parameters."
    if len(shape.parameters) > MOST_PARAMETERS:
        yield f"{where}: parameters: there are {len(shape.parameters)}; {MOST_PARAMETERS} at most."
    for parameter in shape.parameters:
        if not _PARAMETER_NAME.fullmatch(parameter):
            yield f"{where}: parameters.{parameter}: use letters, digits, `_`, `-` and `.`."
    both = sorted(set(shape.parameters) & set(shape.fixed))
    if both:
        yield f"{where}: {', '.join(both)}: either fixed or a parameter, not both."
    recipe = _recipe(name, shape, kinds)
    for one in recipe.parameters:
        if one.default is not None:
            yield from _wrong_default(where, one)


def _wrong_default(where: str, parameter: Parameter) -> Iterator[str]:
    try:
        chosen(Recipe("", parameters=(parameter,)), {})
    except BadArgs as error:
        yield f"{where}: parameters.{parameter.name}: default: {error.problem}. {error.remedy}"


_JOBS = {
    "airflow": "the DAG's id",
    "argo": "the WorkflowTemplate's name",
    "kubeflow": "the pipeline's name or id",
    "sagemaker": "the pipeline's name",
    "github": "the workflow's file name, such as train.yml",
    "jenkins": "the job's name, with its folders: ml/train-fraud",
}


def _recipe(name: str, shape: _ModelShape, kinds: Mapping[str, str]) -> Recipe:
    kind = kinds[shape.trainer]
    ours = shape.id_parameter
    return Recipe(
        model=name,
        trainer=shape.trainer,
        system=kind,
        job=shape.job,
        parameters=tuple(p.parameter(n) for n, p in shape.parameters.items()),
        fixed=dict(shape.fixed),
        id_parameter=ID_PARAMETERS.get(kind, "") if ours is None else ours,
        free=shape.any_parameters,
    )


def _default(value: Value | date) -> str:
    return value.isoformat() if isinstance(value, date) else say_value(value)


def _say(source: str, raw: Mapping[str, Any], error: Any) -> str:
    """The line of one wrong field: "trainers.toml: trainer airflow-prod: url: ..."."""
    place = [str(part) for part in error["loc"]]
    if place[:1] == ["trainer"]:
        # pydantic puts the kind between a trainer's number and its field.
        place[2:3] = [part for part in place[2:3] if part not in _KINDS]
    if len(place) > 1 and place[0] == "trainer" and place[1].isdecimal():
        named = raw["trainer"][int(place[1])]
        known = named.get("name") if isinstance(named, Mapping) else None
        place[:2] = [f"trainer {known or int(place[1]) + 1}"]
    problem = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        problem = "there is no such field"
    if error["type"] == "missing":
        problem = "it is missing"
    if error["type"].startswith("union_tag"):
        place.append("kind")
        problem = f"there is {', '.join(_KINDS)}"
    return f"{source}: {': '.join(place)}: {problem}."


_KINDS = ("airflow", "argo", "kubeflow", "sagemaker", "github", "jenkins", "webhook")
