import json

import pytest

from bot.__main__ import main
from bot.slack.manifest import manifest
from skills.registry import BUILTIN


@pytest.mark.parametrize("url", ["", "https://bot.example"])
def test_it_prints_the_manifest_as_json(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["manifest", *(["--url", url] if url else [])]) == 0
    assert json.loads(capsys.readouterr().out) == manifest(BUILTIN, url)
