"""Settings -> parts, with the adapters that a test wants."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.parts import (
    Parts,
    make_embedder,
    make_frames,
    make_llm,
    make_monitors,
    make_parts,
    make_telemetry,
)
from bot.settings import Settings
from knowledge.adapters.memory.search import HashEmbedder
from knowledge.adapters.sentence_embedder import SentenceEmbedder
from knowledge.errors import Unavailable, UserError
from knowledge.records import Document
from skills.contract import Role, User
from skills.testing import NOON


def settings(folder: Path, **given: Any) -> Settings:
    return Settings(
        _env_file=None,
        **{
            "slack_bot_token": "xoxb-1",
            "database_url": f"sqlite:///{folder / 'tandem.db'}",
            **given,
        },
    )


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = make_parts(
        settings(tmp_path, tandem_operators="U1", tandem_approvers="U2"),
        embedder=HashEmbedder(),
        cache=tmp_path / "cache" / "vectors.db",
        now=lambda: NOON,
    )
    yield made
    made.close()


@pytest.mark.parametrize("name", ["", "minilm:x", "minilm-lean:x", "st:", "openai:", "word2vec"])
def test_an_unknown_embedder_is_named_with_the_ones_there_are(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError) as refused:
        make_embedder(settings(tmp_path, tandem_embedder=name))
    assert repr(name) in str(refused.value)
    assert "minilm, minilm-lean, st:<model or folder> or openai:<model>" in str(refused.value)


@pytest.mark.parametrize("name", ["minilm", "minilm-lean"])
def test_naming_an_embedder_loads_nothing(tmp_path: Path, name: str) -> None:
    made = make_embedder(settings(tmp_path, tandem_embedder=name))
    assert isinstance(made, SentenceEmbedder)
    assert not made.ready


def test_what_is_not_configured_is_absent_and_says_so(parts: Parts, tmp_path: Path) -> None:
    assert make_llm(settings(tmp_path)) is None
    assert make_monitors(settings(tmp_path)) == ()
    with pytest.raises((Unavailable, UserError), match="PROMETHEUS_URL"):
        parts.metrics.instant("up", NOON)
    with pytest.raises((Unavailable, UserError), match="MLFLOW_TRACKING_URI"):
        parts.models.names()
    with pytest.raises((Unavailable, UserError), match="TANDEM_MODELS"):
        parts.frames.reference("fraud")


@pytest.mark.parametrize(
    ("make", "given"),
    [
        (make_frames, {"tandem_models": "nowhere.toml"}),
        (make_monitors, {"tandem_monitors": "nowhere.toml"}),
        (make_telemetry, {"tandem_telemetry": "nowhere.toml"}),
    ],
)
def test_a_settings_file_that_is_not_there_is_named(
    tmp_path: Path, make: Any, given: dict[str, str]
) -> None:
    with pytest.raises(UserError, match="nowhere"):
        make(settings(tmp_path, **given))


def test_a_context_holds_the_parts_and_the_asker(parts: Parts) -> None:
    user = User("U1", "ada", parts.rights.role("U1"))
    made = parts.context(user, NOON, people=str.lower)
    assert (made.user.role, made.now, made.people("ADA")) == (Role.OPERATE, NOON, "ada")
    assert made.incidents is parts.store.incidents
    assert made.skills == parts.skills
    assert made.handovers is parts.store.handovers
    assert made.telemetry.sources == ()
    assert parts.rights.role("U2") is Role.APPROVE


def test_telemetry_is_what_its_file_connects(tmp_path: Path) -> None:
    file = tmp_path / "telemetry.toml"
    file.write_text('[loki]\nurl = "http://127.0.0.1:9"\n[otlp]\nfiles = ["*.jsonl"]\n')
    made = make_telemetry(settings(tmp_path, tandem_telemetry=file))
    assert made.sources == ("OTLP files", "Loki")


def test_the_library_of_the_settings_is_read_and_its_problems_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "past.jsonl").write_text(
        '{"id": "NP-1", "text": "Checkout failed after a deploy"}\nno json\n'
    )
    made = make_parts(
        settings(tmp_path, tandem_library=str(tmp_path / "past.jsonl")),
        embedder=HashEmbedder(),
        cache=tmp_path / "vectors.db",
    )
    made.read_library()
    assert [d.id for d in made.store.documents.all()] == ["NP-1"]
    assert "past.jsonl" in caplog.text
    made.close()


def test_replicas_on_postgresql_share_the_search(empty_postgresql: str, tmp_path: Path) -> None:
    embedder = HashEmbedder(64)
    one, other = (
        make_parts(
            Settings(_env_file=None, database_url=empty_postgresql, tandem_library=""),
            embedder=embedder,
            cache=tmp_path / name / "vectors.db",
        )
        for name in ("one", "other")
    )
    document = Document("INC-1", "disk full", "the broker ran out of disk")
    one.library.add([document])
    one.library.build()
    assert other.library.similar("disk full on the broker")[0].document == document
    with one.store.database.read() as session:
        query = sa.text("SELECT count(*) FROM pg_class WHERE relname LIKE 'vectors_64_%'")
        assert session.scalar(query)
        assert session.scalar(sa.text("SELECT count(*) FROM vector_cache"))
    one.close()
    other.close()
