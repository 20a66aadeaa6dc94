"""What runs the steps of runbooks: HTTP, Ansible, Terraform, kubectl, SQL, allowed commands."""

from knowledge.adapters.runners.opening import OpenedRunners, open_runners

__all__ = ["OpenedRunners", "open_runners"]
