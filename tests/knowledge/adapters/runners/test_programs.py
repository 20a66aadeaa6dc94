"""Ansible for real on this machine; Terraform for real where it is installed, and as a stand-in;
kubectl as a stand-in that says what it was called with."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from knowledge.adapters.runners.programs import (
    AnsibleRunner,
    KubectlRunner,
    ShellRunner,
    TerraformRunner,
)
from knowledge.errors import UserError
from knowledge.ports.remediation import Ended
from knowledge.runbooks.runners_file import (
    AnsibleSpec,
    KubectlSpec,
    ShellSpec,
    TerraformSpec,
)
from tests.knowledge.adapters.runners.standins import KUBECTL, TERRAFORM, program
from tests.knowledge.adapters.runners.steps import MakesPlace, action

# Ansible -------------------------------------------------------------------------------------

PLAYBOOK = """
- hosts: all
  gather_facts: false
  tasks:
    - name: It is a good note
      ansible.builtin.assert:
        that: note != "bad"
    - name: The note is there
      ansible.builtin.lineinfile:
        path: "{{ where }}"
        line: "{{ note }}"
        create: true
        mode: "0600"
"""


@pytest.fixture
def ansible(tmp_path: Path) -> AnsibleRunner:
    pytest.importorskip("ansible")
    folder = tmp_path / "playbooks"
    folder.mkdir()
    (folder / "note.yml").write_text(PLAYBOOK, "utf-8")
    (folder / "other.yml").write_text("- hosts: all\n", "utf-8")
    (tmp_path / "outside.yml").write_text("- hosts: all\n", "utf-8")
    (folder / "link.yml").symlink_to(tmp_path / "outside.yml")
    interpreter = f"ansible_python_interpreter={sys.executable}"
    inventory = tmp_path / "hosts.ini"
    inventory.write_text(f"node-1 ansible_connection=local {interpreter}\n", "utf-8")
    spec = AnsibleSpec(
        folder=folder, playbooks=("note.yml", "li*.yml"), inventories={"default": str(inventory)}
    )
    return AnsibleRunner(spec, {"ANSIBLE_PIPELINING": "1"})


def note(tmp_path: Path, text: str, limit: str = "") -> Any:
    """The step that writes a note. Its value is allowed to be anything here, template and all."""
    limited = f'limit = "{limit}"\n' if limit else ""
    block = f"""playbook = "note.yml"\n{limited}[vars]\nnote = "{{text}}"\nwhere = "{{where}}"\n"""
    return action("ansible", block, text=text, where=str(tmp_path / "note.txt"))


def test_a_playbook_is_tried_then_run(
    ansible: AnsibleRunner, tmp_path: Path, place: MakesPlace
) -> None:
    """The value looks like a template, and is written as it is: nothing of it is evaluated."""
    evil = '{{ lookup("pipe", "id") }} \\u007b'
    step = note(tmp_path, evil, limit="node-1")
    tried = ansible.try_out(step, place())
    assert tried.ended is Ended.DONE, tried.output
    assert f"+{evil}" in tried.output
    assert not (tmp_path / "note.txt").exists()
    done = ansible.run(step, place())
    assert done.ended is Ended.DONE, done.output
    assert "changed=1" in done.output
    assert (tmp_path / "note.txt").read_text("utf-8") == f"{evil}\n"


def test_a_failing_task_is_a_failed_step(
    ansible: AnsibleRunner, tmp_path: Path, place: MakesPlace
) -> None:
    outcome = ansible.run(note(tmp_path, "bad"), place())
    assert (outcome.ended, outcome.exit_code) == (Ended.FAILED, 2)
    assert "Assertion failed" in outcome.output


def test_a_changed_playbook_is_another_fact(ansible: AnsibleRunner, tmp_path: Path) -> None:
    step = note(tmp_path, "good")
    before = ansible.facts(step)
    assert ansible.facts(step) == before
    (ansible.spec.folder / "note.yml").write_text(PLAYBOOK.replace("0600", "0666"), "utf-8")
    assert ansible.facts(step) != before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('playbook = "other.yml"', "may not be run"),
        ('playbook = "link.yml"', "there is no 'link.yml' in the folder"),
        ('playbook = "like.yml"', "there is no 'like.yml' in the folder"),
        ('playbook = "note.yml"\ninventory = "prod"', "there is no 'prod'"),
    ],
)
def test_only_what_the_file_names_is_played(ansible: AnsibleRunner, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        ansible.facts(action("ansible", text))


@pytest.mark.parametrize("host", ["all", "node-1,node-2", "@/etc/passwd", "~.*", "a:b", "!x"])
def test_a_value_limits_to_one_host(host: str) -> None:
    with pytest.raises(UserError, match="limit"):
        action("ansible", 'playbook = "note.yml"\nlimit = "{node}"', node=host)


# Terraform -----------------------------------------------------------------------------------

MAIN = """
variable "zone" {
  type = string
}
resource "terraform_data" "cache" {
  input = var.zone
}
"""
_REAL = shutil.which("terraform")


@pytest.fixture(params=["stand-in", *(["real"] if _REAL else [])])
def terraform(request: pytest.FixtureRequest, tmp_path: Path) -> TerraformRunner:
    root = tmp_path / "cache"
    root.mkdir()
    (root / "main.tf").write_text(MAIN, "utf-8")
    real = request.param == "real" and _REAL
    command = real or program(tmp_path, "terraform", TERRAFORM)
    spec = {"command": command, "root": {"cache": {"path": root}}}
    return TerraformRunner(TerraformSpec.model_validate(spec))


def test_the_very_plan_that_was_shown_is_applied(
    terraform: TerraformRunner, place: MakesPlace
) -> None:
    value = '${file("/etc/passwd")}'
    step = action("terraform", 'root = "cache"\nvars = { zone = "{zone}" }', zone=value)
    with pytest.raises(UserError, match="not here any more"):
        terraform.run(step, place())
    planned = terraform.try_out(step, place())
    assert planned.ended is Ended.DONE, planned.output
    assert "1 to add" in planned.output
    other = action("terraform", 'root = "cache"\nvars = { zone = "{zone}" }', zone="eu")
    with pytest.raises(UserError, match="not here any more"):
        terraform.run(other, place())
    applied = terraform.run(step, place())
    assert applied.ended is Ended.DONE, applied.output
    assert "1 added" in applied.output
    state = (terraform.spec.root["cache"].path / "terraform.tfstate").read_text("utf-8")
    assert '{file(\\"/etc/passwd\\")}' in state
    with pytest.raises(UserError, match="not here any more"):
        terraform.run(step, place())


def test_a_changed_module_is_another_fact(terraform: TerraformRunner) -> None:
    step = action("terraform", 'root = "cache"')
    before = terraform.facts(step)
    (terraform.spec.root["cache"].path / "more.tf").write_text("# more\n", "utf-8")
    assert terraform.facts(step) != before


def test_a_root_that_may_only_be_planned(tmp_path: Path) -> None:
    spec = TerraformSpec.model_validate({"root": {"dns": {"path": tmp_path, "apply": False}}})
    with pytest.raises(UserError, match="may only be planned"):
        TerraformRunner(spec).facts(action("terraform", 'root = "dns"'))
    with pytest.raises(UserError, match="there is no 'cdn'"):
        TerraformRunner(spec).facts(action("terraform", 'root = "cdn"'))
    assert TerraformRunner(spec).facts(action("terraform", 'root = "dns"\nplan_only = true'))


# kubectl -------------------------------------------------------------------------------------

VERBS = ("get", "logs", "scale", "cordon", "rollout restart")


@pytest.fixture
def kubectl(tmp_path: Path) -> KubectlRunner:
    spec = {
        "command": program(tmp_path, "kubectl", KUBECTL),
        "verbs": VERBS,
        "cluster": {
            "default": {"kubeconfig": "/etc/kube", "context": "prod", "namespaces": ["shop-*"]},
            "any": {"kubeconfig": "/etc/kube"},
        },
    }
    return KubectlRunner(KubectlSpec.model_validate(spec), {"any": {"KUBE_TOKEN": "t"}})


def called(output: str) -> list[str]:
    return list(json.loads(output.splitlines()[-2]))


def test_a_command_goes_to_its_cluster(kubectl: KubectlRunner, place: MakesPlace) -> None:
    step = action("kubectl", 'args = ["get", "pods", "-n", "shop-{zone}"]', zone="eu")
    assert not step.changes
    outcome = kubectl.run(step, place())
    wanted = ["--kubeconfig=/etc/kube", "--context=prod", "get", "pods", "-n", "shop-eu"]
    assert called(outcome.output) == wanted
    assert outcome.output.endswith("\n[]\n")


def test_a_change_is_tried_on_the_server(kubectl: KubectlRunner, place: MakesPlace) -> None:
    text = 'args = ["scale", "deployment/web", "--replicas", "3", "-n", "shop-eu"]'
    step = action("kubectl", text)
    assert step.changes
    assert called(kubectl.try_out(step, place()).output)[-1] == "--dry-run=server"
    assert "--dry-run=server" not in called(kubectl.run(step, place()).output)


def test_a_restart_shows_what_it_would_act_on(kubectl: KubectlRunner, place: MakesPlace) -> None:
    text = 'cluster = "any"\nargs = ["rollout", "restart", "deployment/web"]'
    tried = kubectl.try_out(action("kubectl", text), place())
    assert tried.output.startswith("kubectl has no dry run of rollout restart.")
    assert called(tried.output)[-2:] == ["get", "deployment/web"]
    assert tried.output.endswith("['KUBE_TOKEN']\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ("get secrets -n shop-eu", "'secrets' may not be named"),
        ("get pods,secret -n shop-eu", "'secret' may not be named"),
        ("get Secrets.v1. -n shop-eu", "may not be named"),
        ("get pod/a secret/b -n shop-eu", "'secret' may not be named"),
        ("get configmaps -n shop-eu", "may not be named"),
        ("get pods -n kube-system", "'kube-system' may not be used"),
        ("get pods", "no namespace"),
        ("get pods -A", "'-A' is not offered"),
        ("get pods -n shop-eu --kubeconfig=/tmp/x", "'--kubeconfig' is not offered"),
        ("get pods -n shop-eu --server http://x", "'--server' is not offered"),
        ("get --raw /api/v1/secrets -n shop-eu", "'--raw' is not offered"),
        ("get pods -n shop-eu -f /etc/passwd", "'-f' is not offered"),
        ("get pods -n shop-eu -o jsonpath-file=x", "-o jsonpath-file=x is not offered"),
        ("get pods -n shop-eu -ojson", "'-ojson' is not offered"),
        ("get pods --as=root -n shop-eu", "'--as' is not offered"),
        ("get pods -n shop-eu -n kube-system", "'kube-system' may not be used"),
        ("get pods -n=kube-system", "'kube-system' may not be used"),
        ("describe pods -n shop-eu", "`kubectl describe` may not be run"),
        ("scale --replicas 3 -n shop-eu", "name the kind of thing first"),
    ],
)
def test_only_what_the_file_allows(kubectl: KubectlRunner, args: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        kubectl.facts(action("kubectl", f"args = {json.dumps(args.split())}"))


# Commands ------------------------------------------------------------------------------------


@pytest.fixture
def shell() -> ShellRunner:
    allow = [
        {"argv": ["/bin/echo", "-n", {"pattern": "[a-z ;$()]+"}], "reads_only": True},
        {"argv": [sys.executable, "-c", "import os; print(os.environ.get('KEY'))"], "env": ["KEY"]},
        {"argv": ["/bin/true"]},
    ]
    return ShellRunner(ShellSpec.model_validate({"allow": allow}), {"KEY": "given"})


def test_arguments_reach_the_program_as_they_are(shell: ShellRunner, place: MakesPlace) -> None:
    step = action(
        "shell", 'argv = ["/bin/echo", "-n", "{word}"]\nreads_only = true', word="$(id) ; ls"
    )
    assert shell.run(step, place()).output == "$(id) ; ls"


def test_a_command_gets_only_its_own_variables(shell: ShellRunner, place: MakesPlace) -> None:
    code = "import os; print(os.environ.get('KEY'))"
    step = action("shell", f'argv = [{json.dumps(sys.executable)}, "-c", "{code}"]')
    assert shell.run(step, place()).output == "given\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('argv = ["/bin/echo", "-n"]', "may not be run"),
        ('argv = ["/bin/echo", "-n", "A"]', "may not be run"),
        ('argv = ["/bin/echo", "-n", "a", "b"]', "may not be run"),
        ('argv = ["/bin/sh", "-c", "id"]', "may not be run"),
        ('argv = ["/bin/true"]\nreads_only = true', "reads_only"),
        ('argv = ["/bin/true"]\ndry_argv = ["/bin/true"]', "dry_argv"),
    ],
)
def test_only_commands_of_the_list(shell: ShellRunner, text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        shell.facts(action("shell", text))
