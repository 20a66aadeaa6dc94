"""What of the image can be judged without building it. Building it is `docker build`."""

import json
import re
import runpy
import shlex
from fnmatch import fnmatch
from pathlib import Path

import pytest

from bot.server import Intakes, http_app
from bot.settings import Settings, is_secret
from knowledge.records import Change
from skills.testing import NOON

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
EXTRAS: tuple[str, ...] = runpy.run_path(str(ROOT / "deploy" / "lock.py"))["EXTRAS"]
Instruction = tuple[str, str]


def instructions() -> list[list[Instruction]]:
    """The instructions of each stage, continued lines joined, from the first FROM on."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    stages: list[list[Instruction]] = []
    for line in filter(None, map(str.strip, joined.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            stages.append([])
        if stages:
            stages[-1].append((word, rest.strip()))
    return stages


BUILD, FINAL = instructions()


def given(stage: list[Instruction], word: str) -> list[str]:
    return [rest for name, rest in stage if name == word]


def ignored(path: str) -> bool:
    """By .dockerignore: the last line that matches a path or a folder above it decides."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    folders = [path.rsplit("/", n)[0] for n in range(path.count("/") + 1)]
    out = False
    for line in filter(None, lines):
        pattern = line.lstrip("!").removeprefix("**/")
        if not line.startswith("#") and any(fnmatch(p, pattern) for p in folders):
            out = not line.startswith("!")
    return out


def test_what_is_copied_is_there_and_reaches_the_build() -> None:
    copied = [shlex.split(line)[:-1] for line in given(BUILD, "COPY")]
    sources = [source for words in copied for source in words]
    assert {"pyproject.toml", "bot", "skills", "knowledge", "deploy/lock"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignored(source), source


@pytest.mark.parametrize("secret", [".env", "deploy/secrets/database-url", "tandem.db", ".git"])
def test_what_must_stay_out_does_not_reach_the_build(secret: str) -> None:
    assert ignored(secret)


def installing(stage: list[Instruction]) -> list[str]:
    """The steps that install or build packages."""
    steps = [step for line in given(stage, "RUN") for step in re.split(r"&&|;|\|\|", line)]
    return [s for s in steps if re.search(r"\bpip (--\S+ \S+ )*(install|wheel)\b", s)]


def test_nothing_is_installed_without_a_hash() -> None:
    assert len(installing(BUILD)) >= 5
    for step in installing(BUILD):
        assert "--require-hashes" in step or "--no-index" in step, step
    assert not installing(FINAL)


def test_the_extras_of_the_image_are_locked() -> None:
    (default,) = (line for line in given(BUILD, "ARG") if line.startswith("EXTRAS="))
    for part in [*shlex.split(default.partition("=")[2])[0].split(), *EXTRAS]:
        assert (ROOT / "deploy" / "lock" / f"{part}.txt").exists()


def test_the_final_stage_takes_the_environment_alone_and_is_not_root() -> None:
    assert given(FINAL, "COPY") == ["--from=build /opt/tandem /opt/tandem"]
    (user,) = given(FINAL, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "a number: Kubernetes cannot tell a name"
    after = FINAL[FINAL.index(("USER", user)) :]
    assert not given(after, "RUN")
    assert given(FINAL, "STOPSIGNAL") == ["SIGTERM"]
    assert json.loads(given(FINAL, "ENTRYPOINT")[0]) == ["tandem"]


def environment() -> dict[str, str]:
    pairs = shlex.split(" ".join(given(FINAL, "ENV")))
    return dict(pair.split("=", 1) for pair in pairs)


def test_the_environment_sets_settings_and_no_secret() -> None:
    secrets = {n.upper() for n, f in Settings.model_fields.items() if is_secret(n, f)}
    # Not even DATABASE_URL's default: who sets DATABASE_URL_FILE would be told that both are set.
    assert not set(environment()) & secrets
    ours = {name for name in environment() if name.startswith(("TANDEM_", "SLACK_"))}
    assert ours <= {name.upper() for name in Settings.model_fields}
    assert environment()["HOME"] == given(FINAL, "WORKDIR")[0] == given(FINAL, "VOLUME")[0]


def test_the_health_check_asks_an_address_that_answers() -> None:
    (check,) = given(FINAL, "HEALTHCHECK")
    program = json.loads(check.partition("CMD ")[2])[2]
    compile(program, "HEALTHCHECK", "exec")
    (path,) = re.findall(r"'(/[a-z]+)'", program)

    def add(change: Change) -> None:
        """No change is stored."""

    app = http_app(Intakes(lambda *_: 0, add, lambda: NOON), "", lambda: {"ok": True})
    assert path in {getattr(route, "path", "") for route in app.routes}
    assert f"EXPOSE {environment()['TANDEM_HTTP_PORT']}" in DOCKERFILE
