"""The runners' file -> runners, with the secrets of the environment."""

from collections.abc import Callable, Iterable, Mapping
from urllib.parse import urlsplit

from knowledge.adapters.runners.http import HttpRunner
from knowledge.adapters.runners.programs import (
    AnsibleRunner,
    KubectlRunner,
    ShellRunner,
    TerraformRunner,
)
from knowledge.adapters.runners.sql import SqlRunner
from knowledge.errors import NotConnected, UserError
from knowledge.ports.remediation import Runner
from knowledge.runbooks.runners_file import SETTING, HostSpec, RunnersFile

Environment = Callable[[str], str]
"""A variable's value by its name; empty where it is not set."""


class OpenedRunners:
    """`ports.Runners`."""

    def __init__(
        self, runners: Mapping[str, Runner], secrets: frozenset[str] = frozenset()
    ) -> None:
        self._runners = dict(runners)
        self.secrets = secrets
        """Values that must never be shown, whatever a step writes."""

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(self._runners)

    def of(self, kind: str) -> Runner:
        try:
            return self._runners[kind]
        except KeyError:
            raise NotConnected(f"steps of the kind {kind}", f"[{kind}] in {SETTING}") from None


def open_runners(file: RunnersFile, environment: Environment) -> OpenedRunners:
    """Raises UserError naming each variable that is not set."""
    keys = _Keys(environment)
    most = file.limits.output_kb * 1024
    runners: dict[str, Runner] = {}
    if file.http is not None:
        headers = {host.url: _headers(host, keys) for host in file.http.host}
        runners["http"] = HttpRunner(file.http, headers, file.limits.http_kb * 1024)
    if file.ansible is not None:
        env = keys.all(file.ansible.env, "[ansible]")
        runners["ansible"] = AnsibleRunner(file.ansible, env, most)
    if file.terraform is not None:
        roots = {
            name: keys.all(root.env, f"[terraform.root.{name}]")
            for name, root in file.terraform.root.items()
        }
        runners["terraform"] = TerraformRunner(file.terraform, roots, most)
    if file.kubectl is not None:
        clusters = {
            name: keys.all(cluster.env, f"[kubectl.cluster.{name}]")
            for name, cluster in file.kubectl.cluster.items()
        }
        runners["kubectl"] = KubectlRunner(file.kubectl, clusters, most)
    if file.sql is not None:
        urls = {
            name: keys.read(database.url_env, f"[sql.database.{name}]")
            for name, database in file.sql.database.items()
        }
        keys.values |= {word for url in urls.values() if (word := urlsplit(url).password)}
        runners["sql"] = SqlRunner(urls)
    if file.shell is not None:
        named = [name for command in file.shell.allow for name in command.env]
        runners["shell"] = ShellRunner(file.shell, keys.all(named, "[[shell.allow]]"), most)
    if keys.missing:
        raise UserError("\n".join(keys.missing))
    return OpenedRunners(runners, frozenset(keys.values))


class _Keys:
    """Reads variables, and remembers what it read and what was missing."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self.values: set[str] = set()
        self.missing: list[str] = []

    def read(self, variable: str, where: str) -> str:
        value = self._environment(variable)
        if value:
            self.values.add(value)
        else:
            self.missing.append(
                f"{variable} is not set. {where} in {SETTING} needs it; set it in the environment."
            )
        return value

    def all(self, variables: Iterable[str], where: str) -> dict[str, str]:
        return {name: self.read(name, where) for name in variables}


def _headers(host: HostSpec, keys: _Keys) -> dict[str, str]:
    where = f"[[http.host]] {host.url}"
    return {name: keys.read(variable, where) for name, variable in host.headers_env.items()}
