from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from knowledge.adapters.rest import Rest
from knowledge.errors import Unavailable


@dataclass
class Says:
    """Gives one answer, whatever is asked."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: Any,
    ) -> tuple[int, Any, Mapping[str, str]]:
        return self.status, self.body, self.headers


Serve = Callable[[Any], str]


def refused(serve: Serve, says: Says) -> Unavailable:
    with pytest.raises(Unavailable) as raised:
        Rest("Jira", serve(says)).ask("GET", "/x")
    return raised.value


def test_answers(serve: Serve) -> None:
    assert Rest("Jira", serve(Says(200, {"a": [1]}))).ask("GET", "/x") == {"a": [1]}
    assert Rest("Jira", serve(Says(204))).ask("PUT", "/x", {"b": 1}) == {}


@pytest.mark.parametrize(
    ("status", "headers", "again"),
    [
        (400, {}, False),
        (401, {}, False),
        (403, {}, False),
        (403, {"X-RateLimit-Remaining": "0"}, True),
        (403, {"Retry-After": "60"}, True),
        (404, {}, False),
        (408, {}, True),
        (429, {"Retry-After": "60"}, True),
        (500, {}, True),
        (503, {}, True),
    ],
)
def test_which_failures_may_heal(
    serve: Serve, status: int, headers: dict[str, str], again: bool
) -> None:
    error = refused(serve, Says(status, {}, headers))
    assert error.retry is again
    assert error.why.startswith(f"answers {status}")
    assert ("asks to wait 60 s" in error.why) is ("Retry-After" in headers)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"message": "Bad credentials"}, "Bad credentials"),
        ({"errorMessages": ["no project"], "errors": {"summary": "is empty"}},
         "no project; summary: is empty"),
        ({"error": {"message": "No Record found", "detail": "ACL"}}, "No Record found; ACL"),
        ({"error": "unauthorized"}, "unauthorized"),
        ({"message": "Validation Failed", "errors": [{"field": "title", "code": "missing_field"}]},
         "Validation Failed; title missing_field"),
        ({"errors": ["one", "two"]}, "one; two"),
    ],
)  # fmt: skip
def test_a_services_own_words_are_passed_on(serve: Serve, body: Any, words: str) -> None:
    assert refused(serve, Says(400, body)).why == f"answers 400: {words}"


def test_a_page_of_html_is_no_answer(serve: Serve) -> None:
    assert "no JSON" in refused(serve, Says(200, "<html>sign in</html>")).why
    assert refused(serve, Says(502, "<html>bad gateway</html>")).why == "answers 502"


def test_long_words_are_cut(serve: Serve) -> None:
    assert len(refused(serve, Says(400, {"message": "x" * 9000})).why) < 350


def test_an_address_that_is_none_is_not_tried_again() -> None:
    for address in ("jira.example.com", "ftp://x", "http://[::1"):
        with pytest.raises(Unavailable) as raised:
            Rest("Jira", address).ask("GET", "/x")
        assert not raised.value.retry, address
