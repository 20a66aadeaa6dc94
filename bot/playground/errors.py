"""What the playground refuses, in Slack's own error names."""

from typing import Any


class Refused(Exception):
    """A Web API call that Slack would answer with `ok: false`.

    `code` is Slack's name for it; `extra` joins the answer (`response_metadata`, `needed` ...).
    """

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.extra = extra


class Limited(Exception):
    """Too many calls: HTTP 429. `retry_after` is in whole seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"ratelimited, try again in {retry_after} s")
        self.retry_after = retry_after


class PlayRefused(Exception):
    """A person's act that the playground cannot carry out; `status` is the HTTP status."""

    def __init__(self, code: str, detail: str = "", status: int = 400) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail
        self.status = status
