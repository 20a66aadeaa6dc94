"""Pure: what a click on a step stands for, as one short text."""

import json
from hashlib import sha256

from knowledge.runbooks.actions import Action, Sql
from knowledge.runbooks.reading import Step

LENGTH = 24


def step_digest(step: Step, action: Action, facts: str = "") -> str:
    """Of what is run, where, with which values and for how long. `facts` is what the runner says of
    what stands outside the runbook: the playbook's own text, the files of a root module."""
    told = {
        "number": step.number,
        "title": step.title,
        "kind": step.kind,
        "action": action.model_dump(mode="json"),
        "values": dict(action.values) if isinstance(action, Sql) else {},
        "facts": facts,
    }
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    return sha256(text.encode()).hexdigest()[:LENGTH]
