"""A value becomes a part of one string, and nothing more."""

import tomllib

import pytest
from pydantic import ValidationError

from knowledge.errors import UserError
from knowledge.records import Document
from knowledge.runbooks import Sql, read_runbook, step_digest
from knowledge.runbooks.actions import SHAPES, Action, placeholders, put_in


def shape(kind: str, text: str) -> Action:
    return SHAPES[kind].model_validate(tomllib.loads(text))


def test_braces_can_be_written() -> None:
    assert put_in("{{x}} {x}", {"x": "1"}) == "{x} 1"
    assert placeholders("{{x}} {y} {z_1}") == ["y", "z_1"]


def test_a_value_is_not_read_again() -> None:
    values = {"a": "{b}", "b": "secret"}
    assert put_in("{a}", values) == "{b}"


@pytest.mark.parametrize(
    ("kind", "text", "shown"),
    [
        ("http", 'method = "POST"\nurl = "https://h/{v}"', "POST https://h/x%3Fy%20z"),
        (
            "ansible",
            'playbook = "p.yml"\ntags = ["t"]\nvars = { a = "{v}" }',
            "ansible-playbook p.yml -i default --tags t a=x?y z",
        ),
        (
            "terraform",
            'root = "cdn"\nvars = { a = "{v}", n = 2 }',
            "terraform apply cdn a=x?y z n=2",
        ),
        ("terraform", 'root = "cdn"\nplan_only = true', "terraform plan cdn"),
        ("kubectl", 'args = ["get", "pod/{v}"]', "kubectl get pod/x?y z"),
        ("sql", 'database = "d"\nquery = "SELECT :v"', "d: SELECT :v [v=x?y z]"),
        ("shell", 'argv = ["/bin/ls", "{v}"]', "/bin/ls 'x?y z'"),
    ],
)
def test_what_is_shown_is_what_is_run(kind: str, text: str, shown: str) -> None:
    assert shape(kind, text).filled({"v": "x?y z"}).shown == shown


@pytest.mark.parametrize(
    ("kind", "text", "changes"),
    [
        ("http", 'url = "https://h/"', False),
        ("http", 'url = "https://h/"\nmethod = "POST"', True),
        ("http", 'url = "https://h/"\nmethod = "DELETE"', True),
        ("ansible", 'playbook = "p.yml"', True),
        ("terraform", 'root = "cdn"', True),
        ("terraform", 'root = "cdn"\nplan_only = true', False),
        ("kubectl", 'args = ["rollout", "status", "deploy/x"]', False),
        ("kubectl", 'args = ["rollout", "restart", "deploy/x"]', True),
        ("kubectl", 'args = ["cordon", "n1"]', True),
        ("sql", 'database = "d"\nquery = "SELECT 1"', False),
        ("shell", 'argv = ["/bin/ls"]', True),
        ("shell", 'argv = ["/bin/ls"]\nreads_only = true', False),
    ],
)
def test_what_changes_something(kind: str, text: str, changes: bool) -> None:
    assert shape(kind, text).changes is changes


def test_no_address_leads_upwards() -> None:
    with pytest.raises(UserError, match="folder above"):
        shape("http", 'url = "https://h/a/{v}/b"').filled({"v": ".."})


def test_values_of_a_question_are_not_the_authors_to_write() -> None:
    with pytest.raises(ValidationError, match="write parameters into the query"):
        shape("sql", 'database = "d"\nquery = "SELECT :a"\nvalues = { a = "1" }')


def test_a_digest_changes_with_all_that_is_run() -> None:
    text = "```toml tandem=sql\ndatabase = 'd'\nquery = 'SELECT :a'\n```"
    step = read_runbook(Document("r", "r", text)).steps[0]
    one = step.action.filled({"a": "1"})
    two = step.action.filled({"a": "2"})
    assert isinstance(one, Sql)
    longer = one.model_copy(update={"rows": 51})
    digests = {
        step_digest(step, one),
        step_digest(step, two),
        step_digest(step, longer),
        step_digest(step, one, "a playbook"),
    }
    assert len(digests) == 4
    assert step_digest(step, one) == step_digest(step, step.action.filled({"a": "1"}))
