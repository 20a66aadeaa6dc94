"""Northwind's runbooks whose steps can be run: files for the bot, and the service that mends.

The runbook asks the deploy service of the simulated world how a service is, rolls its last deploy
back (after a dry run), and has Ansible write a line into the change log of this machine.
"""

import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.demo.world import SERVICES, World, readings

DEPLOYS = "/deploys"
_NAMES = frozenset(service.name for service in SERVICES)

_RUNBOOK = """\
---
title: Roll back the last deploy of a service
service: any
alerts: HighErrorRate, ErrorBudgetBurn
---
# Roll back the last deploy of a service

For errors that begin within an hour after a deploy. Do not fix forward while customers are hurt.

```toml tandem=parameters
[service]
description = "whose deploy"
from = "service"
choices = {services}
```

1. Look at the service: does it still fail?

   ```toml tandem=http
   url = "http://127.0.0.1:{port}/deploys/{{service}}"
   timeout = "15s"
   ```

2. Roll its last deploy back.

   ```toml tandem=http
   method = "POST"
   url = "http://127.0.0.1:{port}/deploys/{{service}}/rollback"
   dry_url = "http://127.0.0.1:{port}/deploys/{{service}}/rollback"
   timeout = "30s"
   confirm = "Roll back for all customers?"
   rollback = "Deploy the version again from the pipeline."
   ```

3. Write it into the change log, so that nobody deploys it again by accident.

   ```toml tandem=ansible
   playbook = "note-rollback.yml"
   vars = {{ service = "{{service}}" }}
   timeout = "2m"
   rollback = "Remove the line from change-log.txt."
   ```
"""

_PLAYBOOK = """\
- name: Note a rollback in the change log
  hosts: all
  gather_facts: false
  tasks:
    - name: The change log has a line on it
      ansible.builtin.lineinfile:
        path: {log}
        line: "{{{{ service }}}}: the last deploy was rolled back"
        create: true
        mode: "0644"
"""

_RUNNERS = """\
# What Northwind lets the steps of its runbooks do.
folder = "steps"

[[runbook]]
id = "roll-back-a-deploy"

[[http.host]]
url = "http://127.0.0.1:{port}"
methods = ["GET", "POST"]
paths = ["/deploys/*"]
private = true

[ansible]
folder = "playbooks"
playbooks = ["note-*.yml"]
inventories = {{ default = "playbooks/hosts.ini" }}
"""


def remedy_files(folder: Path, port: int) -> dict[str, str]:
    """By their paths in `folder`; `port` is where the deploy service listens."""
    log = json.dumps(str(folder.resolve() / "change-log.txt"))
    services = json.dumps(sorted(_NAMES))
    here = f"here ansible_connection=local ansible_python_interpreter={sys.executable}\n"
    return {
        "runbooks/roll-back-a-deploy.md": _RUNBOOK.format(port=port, services=services),
        "playbooks/note-rollback.yml": _PLAYBOOK.format(log=log),
        "playbooks/hosts.ini": here,
        "runners.toml": _RUNNERS.format(port=port),
    }


def deploy_routes(world: World, now: Callable[[], datetime]) -> list[Route]:
    """How a service is, what a rollback would do (GET) and the rollback (POST)."""

    def known(request: Request) -> str | None:
        name = str(request.path_params["service"])
        return name if name in _NAMES else None

    async def look(request: Request) -> JSONResponse:
        name = known(request)
        return _unknown() if name is None else JSONResponse(_state(world, name, now()))

    async def roll_back(request: Request) -> JSONResponse:
        name = known(request)
        if name is None:
            return _unknown()
        dry = request.method != "POST"
        if not dry:
            world.mend()
        verb = "would be" if dry else "was"
        words = f"the last deploy of {name} {verb} rolled back, on 3 pods"
        return JSONResponse({"service": name, "dry_run": dry, "result": words})

    path = f"{DEPLOYS}/{{service}}"
    return [
        Route(path, look, methods=["GET"]),
        Route(f"{path}/rollback", roll_back, methods=["GET", "POST"]),
    ]


def _state(world: World, name: str, now: datetime) -> Mapping[str, object]:
    own = {
        metric: value
        for metric, labels, value in readings(world, now)
        if labels.get("service") == name and "pod" not in labels
    }
    return {
        "service": name,
        "error_ratio": round(own["northwind_error_ratio"], 4),
        "p99_seconds": round(own["northwind_request_p99_seconds"], 3),
        "well": own["northwind_error_ratio"] <= 0.05,
    }


def _unknown() -> JSONResponse:
    return JSONResponse({"error": "there is no such service"}, status_code=404)
