"""The file of runners: what it does not name is not run."""

from pathlib import Path

import pytest

from knowledge.adapters.runners import open_runners
from knowledge.errors import NotConnected, UserError
from knowledge.runbooks import RunnersFile, parse_runners, read_runners
from knowledge.runbooks.runners_file import AllowedCommand

ROOT = Path(__file__).parents[3]


def test_the_empty_file_runs_nothing() -> None:
    opened = open_runners(RunnersFile(), lambda name: "")
    assert opened.kinds == ()
    with pytest.raises(NotConnected, match=r"\[shell\] in TANDEM_RUNNERS"):
        opened.of("shell")
    assert RunnersFile().rules("any") is None


def test_the_own_name_goes_before_patterns() -> None:
    text = '[[runbook]]\nid = "a"\nusers = ["U1"]\n[[runbook]]\nid = "*"\n[[runbook]]\nid = "b*"\n'
    file = parse_runners(text)
    found = {name: file.rules(name) for name in ("a", "bc", "c")}
    assert {name: rule.id for name, rule in found.items() if rule} == {
        "a": "a",
        "bc": "b*",
        "c": "*",
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[runbook]]", "runbook.1.id: it is missing"),
        ("[[runbook]]\nid = 'a'\nuser = 'x'", "runbook.1.user: there is no such field"),
        ("[http]\nhost = [{ url = 'https://a/x' }]", "paths go into `paths`"),
        ("[http]\nhost = [{ url = 'a.example' }]", "write it as https://host"),
        ("[http]\nhost = [{ url = 'https://a:x' }]", "its port is no number"),
        ("[shell]\nallow = [{ argv = ['df'] }]", "begin with the program's whole path"),
        ("[shell]\nallow = [{ argv = [{ pattern = '.*' }] }]", "the program's whole path"),
        ("[shell]\nallow = [{ argv = ['/bin/df', { pattern = '[' }] }]", "pattern: "),
        ("[sql.database.d]\nurl_env = 'postgres://x'", "sql.database.d.url_env: "),
        ("[limits]\nstep = '9h'", "limits.step: give more than nothing and at most 2h"),
        ("[ansible]\nplaybooks = []", "ansible.folder: it is missing"),
        ("x", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_told_by_field(text: str, said: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_runners(text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("runners.toml")


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "runners.toml"
    file.write_text(
        """
folder = "runs"
[ansible]
folder = "playbooks"
inventories = { default = "hosts.ini", here = "localhost," }
[terraform.root.cdn]
path = "cdn"
[kubectl.cluster.prod]
kubeconfig = "/etc/kube"
""",
        "utf-8",
    )
    read = read_runners(file)
    assert read.folder == tmp_path / "runs"
    assert read.ansible is not None
    assert read.ansible.folder == tmp_path / "playbooks"
    wanted = {"default": str(tmp_path / "hosts.ini"), "here": "localhost,"}
    assert read.ansible.inventories == wanted
    assert read.terraform is not None
    assert read.terraform.root["cdn"].path == tmp_path / "cdn"
    assert read.kubectl is not None
    assert read.kubectl.cluster["prod"].kubeconfig == Path("/etc/kube")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UserError, match=r"TANDEM_RUNNERS: .* cannot be read"):
        read_runners(Path("/nowhere/runners.toml"))


def test_variables_that_are_not_set_are_all_named() -> None:
    text = """
[http]
host = [{ url = "https://a.example", headers_env = { Authorization = "A_KEY" } }]
[sql.database.orders]
url_env = "ORDERS_URL"
"""
    with pytest.raises(UserError, match=r"A_KEY is not set\. .*\nORDERS_URL is not set\."):
        open_runners(parse_runners(text), lambda name: "")
    opened = open_runners(parse_runners(text), {"A_KEY": "k-1", "ORDERS_URL": URL}.__getitem__)
    assert opened.kinds == ("http", "sql")
    assert opened.secrets == {"k-1", URL, "hunter2"}


URL = "postgresql://u:hunter2@db/orders"


def test_a_command_is_allowed_argument_by_argument() -> None:
    allowed = AllowedCommand.model_validate({"argv": ["/bin/du", "-s", {"pattern": "/var/[a-z]+"}]})
    assert allowed.allows(("/bin/du", "-s", "/var/log"))
    for argv in (("/bin/du", "-s"), ("/bin/du", "-s", "/var/log\n"), ("/bin/du", "-s", "/etc")):
        assert not allowed.allows(argv)


def test_the_example_is_right() -> None:
    file = read_runners(ROOT / "deploy" / "runners.toml")
    opened = open_runners(file, lambda name: "set")
    assert opened.kinds == ("http", "ansible", "terraform", "kubectl", "sql", "shell")
