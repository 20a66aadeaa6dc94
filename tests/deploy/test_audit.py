import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parent.parent.parent
AUDIT: Mapping[str, Any] = runpy.run_path(str(ROOT / "deploy" / "audit.py"))


def osv(advisories: Mapping[str, list[str]]) -> httpx.Client:
    """A double of OSV that knows these advisories, by package."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/querybatch"
        queries = json.loads(request.content)["queries"]
        assert all(q["package"]["ecosystem"] == "PyPI" and q["version"] for q in queries)
        found = [advisories.get(query["package"]["name"]) for query in queries]
        results = [{"vulns": [{"id": i} for i in ids]} if ids else {} for ids in found]
        return httpx.Response(200, json={"results": results})

    return httpx.Client(transport=httpx.MockTransport(answer))


def test_advisories_are_named_with_their_package(capsys: pytest.CaptureFixture[str]) -> None:
    client = osv({"jinja2": ["GHSA-2", "GHSA-1"], "not-ours": ["GHSA-3"]})
    assert AUDIT["main"]([], client) == 1
    said = capsys.readouterr().out
    assert "1 of " in said
    assert "GHSA-1, GHSA-2" in said
    assert "GHSA-3" not in said


def test_what_does_not_apply_is_ignored_by_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    client = osv({"jinja2": ["GHSA-1"]})
    assert AUDIT["main"](["--ignore", "GHSA-1"], client) == 0
    assert "no advisory is known" in capsys.readouterr().out


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(503),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={"results": []}),
    ],
)
def test_without_an_answer_it_says_that_nothing_was_checked(
    answer: httpx.Response, capsys: pytest.CaptureFixture[str]
) -> None:
    def client() -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(lambda _: answer))

    assert AUDIT["main"]([], client()) == 0
    assert "skipped" in capsys.readouterr().out
    assert AUDIT["main"](["--strict"], client()) == 1
