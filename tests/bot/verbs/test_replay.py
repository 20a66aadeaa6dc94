import argparse
import json
import shutil
from pathlib import Path

import pytest

from bot.verbs.replay import register

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "storm"
"""An hour with two incidents: a bad deploy of currency-rates-v2, and a slow ledger-svc-db."""


def tandem(*words: str) -> int:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    args = parser.parse_args(["replay", *words])
    return int(args.run(args))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "shop"))


def test_it_writes_the_prediction_and_the_report(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "out"
    assert tandem(str(shop), "--out", str(out)) == 0
    predicted = json.loads((out / "shop.json").read_text())
    assert len(predicted["assignments"]) == 123
    assert {card["roots"][0] for card in predicted["cards"]} == {
        "currency-rates-v2",
        "ledger-svc-db",
    }
    assert "What Tandem would have shown" in (out / "report.html").read_text()
    said = capsys.readouterr().out
    assert "shop: 123 alerts (241 with repeats) -> 2 cards, 98.4% less" in said
    assert str(out / "report.html") in said


def test_json_is_one_object(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem(str(shop), "--out", str(tmp_path), "--json") == 0
    (told,) = json.loads(capsys.readouterr().out)["histories"]
    assert (told["name"], told["alerts"], told["cards_shown"]) == ("shop", 123, 2)


def test_a_catalogue_of_ones_own_is_used(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shop / "topology.json").rename(tmp_path / "mine.json")
    assert (
        tandem(str(shop), "--out", str(tmp_path), "--catalogue", str(tmp_path / "mine.json")) == 0
    )
    with_it = capsys.readouterr().out
    assert tandem(str(EXAMPLE), "--out", str(tmp_path)) == 0
    assert capsys.readouterr().out.replace("storm:", "shop:") == with_it


def test_a_catalogue_with_a_mistake_is_told(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text("[services.checkout]\ncalls = 1\n")
    assert tandem(str(shop), "--out", str(tmp_path), "--catalogue", str(mine)) == 2
    assert "services.checkout.calls" in capsys.readouterr().err


def test_mistakes_are_named_and_not_fatal(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (shop / "alerts.jsonl").open("a") as file:
        file.write("\n" + "\n".join(["{"] * 7))
    assert tandem(str(shop), "--out", str(tmp_path)) == 0
    said = capsys.readouterr().out
    assert "left out: alerts.jsonl line 216, line: not JSON" in said
    assert "and 2 more, in the report" in said


def test_nothing_that_can_be_read_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text("{\n")
    assert tandem(str(tmp_path / "bad.jsonl"), "--out", str(tmp_path)) == 1


def test_wrong_calls_are_told_with_the_remedy(
    shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem(str(tmp_path / "nowhere"), "--out", str(tmp_path)) == 2
    assert "no such file or folder" in capsys.readouterr().err
    (shop / "topology.json").write_text("[")
    assert tandem(str(shop), "--out", str(tmp_path)) == 2
    assert "topology.json" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    (shop / "topology.json").write_text("{}")
    assert tandem(str(shop), "--out", str(tmp_path / "file" / "out")) == 2
    assert "--out" in capsys.readouterr().err
