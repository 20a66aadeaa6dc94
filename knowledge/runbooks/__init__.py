"""Runbooks with runnable steps: read from Markdown, filled in, and what may be run of them."""

from knowledge.runbooks.actions import (
    Action,
    Ansible,
    Http,
    Kubectl,
    Shell,
    Sql,
    Terraform,
)
from knowledge.runbooks.digest import step_digest
from knowledge.runbooks.fitting import fits, known_values
from knowledge.runbooks.parameters import Parameter, filled, proposed
from knowledge.runbooks.reading import Prose, Runbook, Step, read_runbook, text_digest
from knowledge.runbooks.runners_file import RunnersFile, parse_runners, read_runners

__all__ = [
    "Action",
    "Ansible",
    "Http",
    "Kubectl",
    "Parameter",
    "Prose",
    "Runbook",
    "RunnersFile",
    "Shell",
    "Sql",
    "Step",
    "Terraform",
    "filled",
    "fits",
    "known_values",
    "parse_runners",
    "proposed",
    "read_runbook",
    "read_runners",
    "step_digest",
    "text_digest",
]
