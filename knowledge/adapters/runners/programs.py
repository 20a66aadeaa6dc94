"""Steps that are a program: ansible-playbook, terraform, kubectl, and commands of an allow list."""

import json
import re
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, TypeVar

from knowledge.adapters.runners.process import PATH, run_process
from knowledge.errors import Unavailable, UserError
from knowledge.ports.remediation import Ended, Outcome, Place
from knowledge.runbooks.actions import Action, Ansible, Kubectl, Shell, Terraform
from knowledge.runbooks.runners_file import (
    SETTING,
    AllowedCommand,
    AnsibleSpec,
    ClusterSpec,
    KubectlSpec,
    RootSpec,
    ShellSpec,
    TerraformSpec,
)

ActionT = TypeVar("ActionT", bound=Action)
_MOST_FILES = 5_000
_STEP_FILES = 8
"""Digits of a digest that name a step's own files."""


def find_program(command: str, name: str) -> str:
    """The program's whole path: as the runners' file says, beside our own Python, or where programs
    are. Raises Unavailable."""
    beside = Path(sys.executable).parent / name
    found = command or (str(beside) if beside.exists() else shutil.which(name, path=PATH))
    if not found:
        why = f"it is not installed; install it, or name its path as `command` in {SETTING}"
        raise Unavailable(name, why, retry=False)
    return found


def digest_of(folder: Path, patterns: Sequence[str]) -> str:
    """Of the names and the contents of files. Raises UserError where it is no folder."""
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder; mend it in {SETTING}.")
    told = sha256()
    found = sorted(f for p in patterns for f in folder.rglob(p) if f.is_file())
    for file in found[:_MOST_FILES]:
        told.update(str(file.relative_to(folder)).encode() + b"\0")
        told.update(sha256(file.read_bytes()).digest())
    return told.hexdigest()


def of_kind(shape: type[ActionT], action: Action) -> ActionT:
    if not isinstance(action, shape):
        raise TypeError(f"{action.kind} is no {shape.kind}")
    return action


@dataclass(frozen=True)
class AnsibleRunner:
    """`ports.Runner` of playbooks inside one folder."""

    spec: AnsibleSpec
    env: Mapping[str, str] = field(default_factory=dict)
    most_output: int = 256 * 1024

    def facts(self, action: Action) -> str:
        """All of the folder: a playbook includes roles and files that stand beside it."""
        step = of_kind(Ansible, action)
        self._playbook(step)
        self._inventory(step)
        files = digest_of(self.spec.folder, ("*.yml", "*.yaml", "*.j2", "*.ini", "*.cfg", "*.py"))
        inventory = Path(self._inventory(step))
        return files + (sha256(inventory.read_bytes()).hexdigest() if inventory.is_file() else "")

    def can_try(self, action: Action) -> bool:
        return True

    def try_out(self, action: Action, place: Place) -> Outcome:
        return self._play(of_kind(Ansible, action), place, ["--check", "--diff"])

    def run(self, action: Action, place: Place) -> Outcome:
        return self._play(of_kind(Ansible, action), place, ["--diff"])

    def _play(self, step: Ansible, place: Place, how: Sequence[str]) -> Outcome:
        argv = [find_program(self.spec.command, "ansible-playbook"), str(self._playbook(step))]
        argv += ["--inventory", self._inventory(step), *how]
        argv += ["--limit", step.limit] if step.limit else []
        argv += ["--tags", ",".join(step.tags)] if step.tags else []
        argv += ["--extra-vars", f"@{self._variables(step, place)}"] if step.vars else []
        env = {
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_HOME": str(place.folder / "ansible"),
            "ANSIBLE_LOCAL_TEMP": str(place.folder / "ansible"),
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "PYTHONDONTWRITEBYTECODE": "1",
            **self.env,
        }
        return run_process(
            argv, place, env=env, folder=self.spec.folder, most_output=self.most_output
        )

    def _playbook(self, step: Ansible) -> Path:
        if not any(fnmatchcase(step.playbook, p) for p in self.spec.playbooks):
            raise UserError(
                f"playbook: {step.playbook!r} may not be run; add it to [ansible] playbooks in "
                f"{SETTING}."
            )
        file = (self.spec.folder / step.playbook).resolve()
        if not file.is_relative_to(self.spec.folder.resolve()) or not file.is_file():
            raise UserError(f"playbook: there is no {step.playbook!r} in the folder of playbooks.")
        return file

    def _inventory(self, step: Ansible) -> str:
        found = self.spec.inventories.get(step.inventory)
        if found is None:
            known = ", ".join(self.spec.inventories) or "none"
            raise UserError(
                f"inventory: there is no {step.inventory!r} in {SETTING}; it has {known}."
            )
        return found

    def _variables(self, step: Ansible, place: Place) -> Path:
        """A file of variables in which each text is marked unsafe: Ansible never reads a template
        in one. A text in JSON's quotes is a text in YAML's."""
        lines = [f"{json.dumps(name)}: {_unsafe(value)}" for name, value in step.vars.items()]
        file = place.folder / "variables.yml"
        file.write_text("\n".join(["---", *lines, ""]), "utf-8")
        return file


def _unsafe(value: object) -> str:
    if isinstance(value, str):
        return f"!unsafe {json.dumps(value)}"
    if isinstance(value, list):
        return f"[{', '.join(map(_unsafe, value))}]"
    return json.dumps(value)


@dataclass(frozen=True)
class TerraformRunner:
    """`ports.Runner` of root modules: a plan is made, shown, and that very file is applied."""

    spec: TerraformSpec
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By the name of the root module."""
    most_output: int = 256 * 1024

    def facts(self, action: Action) -> str:
        root = self._root(of_kind(Terraform, action))
        return digest_of(root.path, ("*.tf", "*.tfvars", "*.tf.json", ".terraform.lock.hcl"))

    def can_try(self, action: Action) -> bool:
        return True

    def try_out(self, action: Action, place: Place) -> Outcome:
        step = of_kind(Terraform, action)
        return self._planned(step, place, self._plan_file(step, place))

    def run(self, action: Action, place: Place) -> Outcome:
        step = of_kind(Terraform, action)
        plan = self._plan_file(step, place)
        if step.plan_only:
            return self._planned(step, place, plan)
        if not plan.is_file():
            raise UserError("The plan that was shown is not here any more. Make it again first.")
        try:
            return self._terraform(step, place, ["apply", *_QUIET, "-auto-approve", str(plan)])
        finally:
            plan.unlink(missing_ok=True)

    def _planned(self, step: Terraform, place: Place, plan: Path) -> Outcome:
        plan.unlink(missing_ok=True)
        began = self._terraform(step, place, ["init", *_QUIET, "-lockfile=readonly"])
        if began.ended is not Ended.DONE:
            return began
        variables = place.folder / f"{plan.stem}.tfvars.json"
        variables.write_text(json.dumps(step.vars), "utf-8")
        return self._terraform(
            step, place, ["plan", *_QUIET, f"-var-file={variables}", f"-out={plan}"]
        )

    def _terraform(self, step: Terraform, place: Place, words: Sequence[str]) -> Outcome:
        root = self._root(step)
        env = {
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "TF_DATA_DIR": str(place.folder / f"terraform-{step.root}"),
            **self.env.get(step.root, {}),
        }
        argv = [find_program(self.spec.command, "terraform"), *words]
        return run_process(argv, place, env=env, folder=root.path, most_output=self.most_output)

    def _root(self, step: Terraform) -> RootSpec:
        root = self.spec.root.get(step.root)
        if root is None:
            known = ", ".join(self.spec.root) or "none"
            raise UserError(f"root: there is no {step.root!r} in {SETTING}; it has {known}.")
        if not (root.apply or step.plan_only):
            raise UserError(f"root: {step.root} may only be planned; {SETTING} says apply = false.")
        return root

    def _plan_file(self, step: Terraform, place: Place) -> Path:
        """Named by what is planned: another step's plan, or one with other values, is not taken."""
        told = f"{step.model_dump_json()}{self.facts(step)}"
        return place.folder / f"plan-{sha256(told.encode()).hexdigest()[:_STEP_FILES]}.tfplan"


_QUIET = ("-input=false", "-no-color")


@dataclass(frozen=True)
class KubectlRunner:
    """`ports.Runner` of kubectl: verbs, resources, namespaces and options of allow lists."""

    spec: KubectlSpec
    env: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By the name of the cluster."""
    most_output: int = 256 * 1024

    _WITHOUT_TRY: ClassVar[frozenset[tuple[str, ...]]] = frozenset(
        {("rollout", "restart"), ("rollout", "pause"), ("rollout", "resume")}
    )
    """kubectl has no --dry-run of these."""

    def facts(self, action: Action) -> str:
        self._checked(of_kind(Kubectl, action))
        return ""

    def can_try(self, action: Action) -> bool:
        return of_kind(Kubectl, action).changes

    def try_out(self, action: Action, place: Place) -> Outcome:
        """Of a verb without a dry run: the things as they are, which asks for the same names."""
        step = of_kind(Kubectl, action)
        if step.verb not in self._WITHOUT_TRY:
            return self._kubectl(step, place, (*step.args, "--dry-run=server"))
        seen = self._kubectl(step, place, ("get", *step.args[len(step.verb) :]))
        said = f"kubectl has no dry run of {' '.join(step.verb)}. What it would act on:"
        return Outcome(seen.ended, f"{said}\n{seen.output}", seen.exit_code)

    def run(self, action: Action, place: Place) -> Outcome:
        step = of_kind(Kubectl, action)
        return self._kubectl(step, place, step.args)

    def _kubectl(self, step: Kubectl, place: Place, args: Sequence[str]) -> Outcome:
        cluster = self._checked(step)
        argv = [find_program(self.spec.command, "kubectl"), f"--kubeconfig={cluster.kubeconfig}"]
        argv += [f"--context={cluster.context}"] if cluster.context else []
        env = self.env.get(step.cluster, {})
        return run_process([*argv, *args], place, env=env, most_output=self.most_output)

    def _checked(self, step: Kubectl) -> ClusterSpec:
        """Raises UserError for anything that the file does not allow."""
        cluster = self.spec.cluster.get(step.cluster)
        if cluster is None:
            known = ", ".join(self.spec.cluster) or "none"
            raise UserError(f"cluster: there is no {step.cluster!r} in {SETTING}; it has {known}.")
        verb = " ".join(step.verb)
        if verb not in self.spec.verbs:
            raise UserError(f"args: `kubectl {verb}` may not be run; [kubectl] verbs lacks it.")
        namespace, things = _read_kubectl(step)
        for kind in _kinds(step.verb, things):
            if _singular(kind) not in {_singular(known) for known in self.spec.resources}:
                raise UserError(
                    f"args: {kind!r} may not be named; [kubectl] resources in {SETTING} lacks it."
                )
        if cluster.namespaces and not any(fnmatchcase(namespace, p) for p in cluster.namespaces):
            said = f"namespace {namespace!r}" if namespace else "no namespace (-n)"
            allowed = ", ".join(cluster.namespaces)
            raise UserError(f"args: {said} may not be used there; {SETTING} allows {allowed}.")
        return cluster


_WITH_VALUE = {
    "-n": "--namespace",
    "-l": "--selector",
    "-o": "--output",
    "-c": "--container",
}
_OPTIONS_WITH_VALUE = frozenset(
    {
        *(
            "--namespace",
            "--selector",
            "--output",
            "--container",
            "--replicas",
            "--tail",
            "--since",
        ),
        *("--to-revision", "--current-replicas", "--timeout", "--sort-by", "--field-selector"),
    }
)
_OPTIONS = frozenset({"--previous", "-p", "--containers", "--all-containers", "--timestamps"})
_OUTPUTS = frozenset({"wide", "yaml", "json", "name"})
_NO_WATCH = "--watch=false"
_ALIASES = {
    "po": "pod",
    "no": "node",
    "svc": "service",
    "deploy": "deployment",
    "ds": "daemonset",
    "sts": "statefulset",
    "rs": "replicaset",
    "ev": "event",
    "ns": "namespace",
    "cj": "cronjob",
    "hpa": "horizontalpodautoscaler",
    "ing": "ingress",
    "ep": "endpoints",
    "pvc": "persistentvolumeclaim",
    "pv": "persistentvolume",
    "ingresses": "ingress",
}


def _read_kubectl(step: Kubectl) -> tuple[str, list[str]]:
    """The namespace and what stands beside the options. Raises UserError for an option that is not
    of the few we know: many make kubectl read files or speak to other servers."""
    namespace = ""
    things: list[str] = []
    words = iter(step.args[len(step.verb) :])
    for word in words:
        name, equals, value = word.partition("=")
        name = _WITH_VALUE.get(name, name)
        if not word.startswith("-"):
            things.append(word)
        elif name in _OPTIONS_WITH_VALUE:
            value = value if equals else next(words, "")
            if name == "--namespace":
                namespace = value
            if name == "--output" and value not in _OUTPUTS:
                raise UserError(f"args: -o {value} is not offered; there is {_said(_OUTPUTS)}.")
        elif word not in _OPTIONS and word != _NO_WATCH:
            offered = _said({*_OPTIONS_WITH_VALUE, *_OPTIONS})
            raise UserError(f"args: the option {name!r} is not offered; there is {offered}.")
    return namespace, things


def _said(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))


def _kinds(verb: tuple[str, ...], things: Sequence[str]) -> list[str]:
    """The kinds of things that a command names: `pods,services`, `deployment/web`, `deploy web`."""
    if verb in (("logs",), ("cordon",), ("uncordon",)):
        named = [thing.partition("/")[0] for thing in things if "/" in thing]
        return [*named, "pod" if verb == ("logs",) else "node"]
    with_name = [thing.partition("/")[0] for thing in things if "/" in thing]
    if with_name and len(with_name) == len(things):
        return with_name
    if with_name or not things:
        raise UserError("args: name the kind of thing first, as in `get pods` or `deployment/web`.")
    return things[0].split(",")


def _singular(kind: str) -> str:
    """ "pods", "po", "Pods.v1." as "pod"."""
    bare = kind.lower().partition(".")[0]
    bare = _ALIASES.get(bare, bare)
    return re.sub(r"s$", "", bare)


@dataclass(frozen=True)
class ShellRunner:
    """`ports.Runner` of commands that the runners' file spells out, argument by argument."""

    spec: ShellSpec
    env: Mapping[str, str] = field(default_factory=dict)
    """All variables that any of the commands names."""
    most_output: int = 256 * 1024

    def facts(self, action: Action) -> str:
        step = of_kind(Shell, action)
        allowed = self._allowed(step.argv)
        if step.reads_only and not allowed.reads_only:
            raise UserError(
                f"reads_only: {SETTING} does not say so of {step.argv[0]}; add reads_only there."
            )
        if step.dry_argv and not self._allowed(step.dry_argv).reads_only:
            raise UserError(f"dry_argv: {SETTING} does not say that {step.dry_argv[0]} only reads.")
        return ""

    def can_try(self, action: Action) -> bool:
        return bool(of_kind(Shell, action).dry_argv)

    def try_out(self, action: Action, place: Place) -> Outcome:
        self.facts(action)
        return self._run(of_kind(Shell, action).dry_argv, place)

    def run(self, action: Action, place: Place) -> Outcome:
        self.facts(action)
        return self._run(of_kind(Shell, action).argv, place)

    def _run(self, argv: tuple[str, ...], place: Place) -> Outcome:
        named = self._allowed(argv).env
        env = {name: self.env[name] for name in named}
        return run_process(argv, place, env=env, most_output=self.most_output)

    def _allowed(self, argv: tuple[str, ...]) -> AllowedCommand:
        found = next((command for command in self.spec.allow if command.allows(argv)), None)
        if found is None:
            raise UserError(
                f"argv: `{' '.join(argv)}` may not be run; [[shell.allow]] in {SETTING} has no "
                "such command."
            )
        return found
