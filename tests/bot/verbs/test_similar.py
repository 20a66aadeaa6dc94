import argparse
import json
from pathlib import Path

import pytest

from bot.verbs import similar

CORPUS = [
    {"id": "a", "title": "Broker disk full", "text": "no space left on the broker's disk"},
    {"id": "b", "title": "Certificate expired", "text": "the gateway's certificate expired"},
]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "corpus.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in CORPUS) + "\nbroken\n")
    return file


def tandem(*words: str) -> int:
    parser = argparse.ArgumentParser()
    similar.register(parser.add_subparsers())
    args = parser.parse_args(["similar", "--embedder", "hash", *words])
    return int(args.run(args))


def test_a_run_has_a_line_for_each_hit(corpus: Path, tmp_path: Path) -> None:
    queries, out = tmp_path / "queries.jsonl", tmp_path / "out.run"
    queries.write_text('{"id": "q1", "text": "certificate of the gateway", "kind": "odd"}\n')
    assert tandem("--corpus", str(corpus), "--queries", str(queries), "--run", str(out)) == 0
    lines = [line.split() for line in out.read_text().splitlines()]
    assert [line[:4] for line in lines] == [["q1", "Q0", "b", "1"], ["q1", "Q0", "a", "2"]]
    assert float(lines[0][4]) > float(lines[1][4])
    assert {line[5] for line in lines} == {"tandem"}


def test_one_question_as_json(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem("broker disk full", "--corpus", str(corpus), "--json") == 0
    told = capsys.readouterr()
    first = json.loads(told.out)[0]
    assert (first["id"], first["band"]) == ("a", "similar")
    assert "corpus.jsonl:3: not JSON" in told.err


def test_one_question_for_people(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tandem("broker disk full", "--corpus", str(corpus)) == 0
    assert "a  Broker disk full" in capsys.readouterr().out
    assert tandem("lunch", "--corpus", str(corpus)) == 0
    assert capsys.readouterr().out.startswith("Nothing similar")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--corpus", "{corpus}"], "either a question"),
        (["x", "--corpus", "{corpus}", "--k", "0"], "--k"),
        (["--corpus", "{corpus}", "--queries", "q.jsonl"], "--run"),
        (["--corpus", "{corpus}", "--queries", "nowhere", "--run", "out"], "--queries: cannot"),
        (["x", "--corpus", "nowhere.jsonl"], "nothing to search"),
        (["x", "--corpus", "{corpus}", "--embedder", "magic"], "TANDEM_EMBEDDER"),
    ],
)
def test_bad_input_is_named(
    words: list[str], why: str, corpus: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tandem(*(word.format(corpus=corpus) for word in words)) == 2
    assert why in capsys.readouterr().err
