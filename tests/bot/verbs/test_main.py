import subprocess
import sys

import pytest

from bot.__main__ import VERBS, main


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    assert f"tandem {verb}" in capsys.readouterr().out


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    assert [verb for verb in VERBS if verb not in shown] == []


@pytest.mark.parametrize("arguments", [[], ["fly"], ["settings", "--fast"]])
def test_a_wrong_call_ends_with_2_and_the_usage(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: tandem" in capsys.readouterr().err


def test_an_error_of_ours_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TANDEM_HTTP_PORT", "many")
    assert main(["doctor"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("tandem doctor: TANDEM_HTTP_PORT: ")
    assert err.count("\n") == 1


def test_a_light_verb_loads_no_heavy_library() -> None:
    code = (
        "import sys; from bot.__main__ import main; main(['settings']); "
        "print([m for m in ('torch', 'mlflow', 'faiss', 'matplotlib', 'slack_bolt') "
        "if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
