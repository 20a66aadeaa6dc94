import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from bot.incident_cause import incident_case, is_incident
from bot.verbs import rca
from knowledge.catalogue import Catalogue
from knowledge.errors import BadArgs


def document() -> dict[str, Any]:
    return {
        "id": "NP-7",
        "title": "checkout is slow",
        "service": "checkout",
        "status": "resolved",
        "opened_at": "2026-03-05T12:02:00Z",
        "alerts": [
            {"fired_at": "2026-03-05T12:00:00Z", "labels": {"alertname": "Slow", "service": name}}
            for name in ("checkout", "payment")
        ],
        "changes": [{"ts": "2026-03-05T11:55:00Z", "kind": "deploy", "service": "payment"}],
    }


def test_an_incident_is_told_from_a_case_of_telemetry() -> None:
    assert is_incident(document())
    assert not is_incident({"schema": "rca-case/1", "window": {}})
    assert not is_incident([])


def test_the_card_is_that_of_chat_without_buttons() -> None:
    catalogue = Catalogue.from_topology({"edges": [["checkout", "payment"]]})
    case = incident_case(json.dumps(document()), "np.json", catalogue)
    text = case.as_text()
    assert case.rank().suspects[0].component == "payment"
    assert text.startswith("[!] NP-7: probably payment")
    assert "deploy payment, 5 min before the first alert" in text
    assert "This was it" not in text


def test_a_bad_file_is_refused_by_name() -> None:
    with pytest.raises(BadArgs, match=r"np\.json"):
        incident_case('{"status": "open", "opened_at": "x"}', "np.json")


@pytest.mark.parametrize("as_json", [False, True])
def test_the_verb_reads_incident_files_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    file, catalogue = tmp_path / "np.json", tmp_path / "services.toml"
    file.write_text(json.dumps(document()))
    catalogue.write_text('[services.checkout]\ncalls = ["payment"]\n')
    args = argparse.Namespace(cases=[file], catalogue=catalogue, out=None, json=as_json)
    assert rca.run(args) == 0
    said = capsys.readouterr().out
    if as_json:
        assert json.loads(said)["NP-7"][0]["service"] == "payment"
    else:
        assert "NP-7: probably payment" in said
