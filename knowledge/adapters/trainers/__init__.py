"""Every system that trains, as one: each model goes to the one that its recipe names."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from knowledge.adapters.trainers.airflow import Airflow
from knowledge.adapters.trainers.argo import Argo
from knowledge.adapters.trainers.github import GitHubActions
from knowledge.adapters.trainers.jenkins import Jenkins
from knowledge.adapters.trainers.kubeflow import Kubeflow
from knowledge.adapters.trainers.sagemaker import SageMaker
from knowledge.adapters.trainers.system import Order, System
from knowledge.adapters.trainers.webhook import Webhook
from knowledge.errors import BadArgs, NotFound, Unavailable
from knowledge.records import Run, Training
from knowledge.training import Recipe, typed
from knowledge.training.file import (
    AirflowSpec,
    AnySpec,
    ArgoSpec,
    Environment,
    GitHubSpec,
    JenkinsSpec,
    KubeflowSpec,
    SageMakerSpec,
    TrainersFile,
    WebhookSpec,
    secret,
)

DEFAULT = "webhook"
"""The trainer that TANDEM_RETRAIN_URL names."""


class Trainers:
    """`ports.Trainer`. A run's handle begins with its trainer's name, so that it is found there
    also when the file gives the model to another one meanwhile."""

    def __init__(
        self,
        systems: Mapping[str, System],
        file: TrainersFile,
        secrets: Mapping[str, str] | None = None,
        default: str = "",
    ) -> None:
        """`secrets` sign reports about runs, by trainer. `default` trains what the file does not
        name, with any parameters."""
        self._systems = dict(systems)
        self._file = file
        self._secrets = dict(secrets or {})
        self._default = default

    @property
    def name(self) -> str:
        return ", ".join(self._systems)

    def recipe(self, model: str) -> Recipe:
        try:
            return self._file.recipe(model)
        except NotFound:
            if not self._default:
                raise
            kind = self._systems[self._default].kind
            return Recipe(model, self._default, kind, free=True)

    def start(self, training: Training) -> Run:
        try:
            recipe = self.recipe(training.model)
            values = typed(recipe, training.parameters, training.id)
        except (NotFound, BadArgs) as error:
            # The file has changed since this was asked for.
            raise Unavailable("training", f"{error}".rstrip("."), retry=False) from error
        run = self._systems[recipe.trainer].start(Order(training, recipe.job, values))
        return replace(run, handle=f"{recipe.trainer}:{run.handle}")

    def look(self, run: Run) -> Run:
        trainer, _, handle = run.handle.partition(":")
        system = self._systems.get(trainer)
        if system is None:
            why = f"there is no trainer {trainer!r} any more in TANDEM_TRAINERS"
            raise Unavailable("training", why, retry=False)
        found = system.look(replace(run, handle=handle))
        return replace(found, handle=f"{trainer}:{found.handle}")

    def secret(self, run: Run) -> str:
        """What reports about this run are signed with; empty where none are taken."""
        trainer = run.handle.partition(":")[0]
        if not trainer:
            try:
                trainer = self.recipe(run.training.model).trainer
            except NotFound:
                return ""
        return self._secrets.get(trainer, "")


def open_trainers(
    file: TrainersFile, environment: Environment, url: str = "", url_secret: str = ""
) -> Trainers | None:
    """None where nothing is configured. `url` is TANDEM_RETRAIN_URL, with its secret. Nothing is
    connected yet. Raises UserError that names the variable which is not set."""
    systems = {spec.name: _open(spec, environment) for spec in file.trainers}
    secrets = _secrets(file.trainers, environment)
    default = ""
    if url:
        default = DEFAULT if DEFAULT not in systems else "TANDEM_RETRAIN_URL"
        systems[default] = Webhook(url, url_secret)
        secrets[default] = url_secret
    return Trainers(systems, file, secrets, default) if systems else None


def _secrets(specs: Sequence[AnySpec], environment: Environment) -> dict[str, str]:
    """Those that reports are signed with: a webhook's is the one that it is called with, too."""
    found: dict[str, str] = {}
    for spec in specs:
        own = spec.secret_env if isinstance(spec, WebhookSpec) else None
        if name := spec.callback_secret_env or own:
            found[spec.name] = secret(environment, f"trainer {spec.name}", name)
    return found


def _open(spec: AnySpec, environment: Environment) -> System:
    def read(variable: str | None) -> str:
        return secret(environment, f"trainer {spec.name}", variable) if variable else ""

    match spec:
        case AirflowSpec():
            return Airflow(
                spec.url,
                api=spec.api,
                token=read(spec.token_env),
                user=spec.user,
                password=read(spec.password_env),
            )
        case ArgoSpec():
            return Argo(spec.url, read(spec.token_env), spec.namespace)
        case KubeflowSpec():
            return Kubeflow(
                spec.url,
                read(spec.token_env),
                namespace=spec.namespace,
                experiment=spec.experiment,
            )
        case SageMakerSpec():
            return SageMaker(spec.region, spec.url or "")
        case GitHubSpec():
            return GitHubActions(spec.repository, read(spec.token_env), spec.ref, spec.url)
        case JenkinsSpec():
            return Jenkins(spec.url, spec.user, read(spec.token_env))
        case WebhookSpec():
            return Webhook(spec.url, read(spec.secret_env))
