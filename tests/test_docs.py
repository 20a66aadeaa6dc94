"""The documentation is true: complete, current, its links lead somewhere, its commands exist."""

import json
import re
import runpy
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import VERBS, main
from bot.metrics import DEFINITIONS
from bot.settings import Settings, is_secret
from bot.slack.manifest import SCOPES
from bot.verbs.settings import table
from bot.webhooks import changes, parser_for
from knowledge.adapters.frames import FileFrames
from knowledge.monitors import load_monitors, parse_monitors
from skills.registry import BUILTIN
from skills.testing import NOON

ROOT = Path(__file__).parent.parent
REFERENCE = ROOT / "docs" / "reference"
GENERATOR: Mapping[str, Any] = runpy.run_path(str(ROOT / "docs" / "generate.py"))
PAGES: Mapping[str, Callable[[], str]] = GENERATOR["PAGES"]

BINARY = (".png", ".ico", ".woff2", ".parquet")
REGISTRIES = re.compile(
    r"(?:https?:)?//[\w.-]*(?:pypi\.org|pythonhosted\.org|registry\.npmjs\.org|download\.pytorch\.org|"
    r"registry\.yarnpkg\.com|hub\.docker\.com|huggingface\.co/(?!docs))"
)
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:work|root)/|/home/[a-z]+/")


PATHS = {
    "/healthz",
    "/readyz",
    "/metrics",
    "/signals",
    "/changes",
    "/mlflow",
    "/training",
    "/data",
    "/tmp",
}
SLACKS_OWN = {"/invite"}
MADE_BY_TOOLS = {".git", ".venv", ".demo", "node_modules", "__pycache__", "build", "dist"}


@cache
def tracked() -> tuple[Path, ...]:
    """Text files that are or will be in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.splitlines()]
    else:  # an unpacked archive
        paths = [p for p in ROOT.rglob("*") if not MADE_BY_TOOLS & set(p.parts)]
    return tuple(p for p in paths if p.is_file() and p.suffix not in BINARY)


def markdown() -> list[Path]:
    return [p for p in tracked() if p.suffix == ".md" and "static" not in p.parts]


def our_pages() -> list[Path]:
    """What people read about Tandem; the demo's invented runbooks speak of invented things."""
    return [p for p in markdown() if "content" not in p.parts]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# Complete and current


@pytest.mark.parametrize("page", PAGES)
def test_generated_pages_are_current(page: str) -> None:
    written = (ROOT / page).read_text("utf-8")
    assert written == PAGES[page](), "run: python docs/generate.py"


def test_the_settings_page_holds_the_table_of_tandem_settings() -> None:
    assert table() in (REFERENCE / "settings.md").read_text("utf-8")


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_documented(field: str) -> None:
    page = (REFERENCE / "settings.md").read_text("utf-8")
    description = Settings.model_fields[field].description
    assert description, f"{field} has no description"
    assert re.search(rf"^\| `{field.upper()}`(?: \\\*)? \|.*\S \|$", page, re.MULTILINE)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented_with_an_example(verb: str) -> None:
    page = (REFERENCE / "commands.md").read_text("utf-8")
    _, found, rest = page.partition(f"\n## `tandem {verb}`\n")
    assert found
    section = rest.partition("\n## ")[0]
    assert re.search(rf"```sh\n(.*\n)*?.*tandem {verb}\b", section)


def test_every_skill_and_slash_command_is_documented() -> None:
    page = (REFERENCE / "skills.md").read_text("utf-8")
    for skill in BUILTIN:
        heading = f"\n## `{skill.name}`\n" if skill.ready and not skill.hidden else ""
        assert heading in page
        assert f"`{skill.name}`" in page
        if skill.command:
            assert f"`{skill.command}" in page
        for example in skill.examples if heading else ():
            assert example in page


# What the pages say to do


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target


@pytest.mark.parametrize("page", our_pages(), ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), f"{target} leads nowhere"
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), f"{target}: no such heading"


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def shell_lines(page: Path) -> Iterator[str]:
    """Lines of the page's shell blocks, continued ones joined."""
    for block in re.findall(r"```sh\n(.*?)```", page.read_text("utf-8"), re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))


@pytest.mark.parametrize("page", our_pages(), ids=name_of)
def test_make_targets_exist(page: Path) -> None:
    for target in re.findall(r"(?:^|`)make ([a-z]+)", page.read_text("utf-8"), re.MULTILINE):
        assert target in targets()


def commands() -> list[tuple[str, str]]:
    """(page, words after `tandem`) of every command line that a page shows."""
    return [
        (name_of(page), command.strip())
        for page in our_pages()
        for line in shell_lines(page)
        for command in re.findall(r"(?:^|[\s/|])tandem ([a-z][^|<>#]*)", ours(line))
    ]


NOT_OURS = {"docker", "kubectl", "helm", "useradd", "systemctl", "install"}


def ours(line: str) -> str:
    """What a shell of ours would run: of `docker ... exec tandem X`, X; `$(...)` is a word."""
    if {*line.split(maxsplit=1)[:1]} & NOT_OURS:
        line = line.partition(" exec tandem ")[2]
    return re.sub(r"\$\([^)]*\)", "now", line)


@pytest.mark.parametrize(("page", "command"), commands())
def test_commands_that_pages_show_can_be_given(page: str, command: str) -> None:
    verb, *words = shlex.split(command)
    assert verb in VERBS, f"{page}: there is no `tandem {verb}`"
    GENERATOR["parser_of"](verb).parse_args(words)


def test_verbs_named_in_the_readme_exist() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    planned = {"replay"}
    assert set(re.findall(r"`(?:\.venv/bin/)?tandem ([a-z-]+)", readme)) <= set(VERBS) | planned


def test_files_that_shown_commands_read_are_there() -> None:
    for page, command in commands():
        for word in shlex.split(command):
            if word.startswith(("docs/", "bot/", "deploy/", "examples/")):
                assert (ROOT / word).exists(), f"{page}: {word}"


# Commands whose files are all in the repository are run; what they would write stays in a folder of
# the test. Left out are those that need a model, a store or a person.
WRITES = {"--out", "--png", "--freeze", "--html"}
NOT_RUN = {"run", "demo", "chat", "doctor", "vectors", "similar", "usage", "audit", "route"}
MAY_SAY_NO = {"promotion check"}
"""Whether a version may be promoted depends on the day: deploy/promotion.toml has freezes."""


def reads_only_the_repository(command: str) -> bool:
    verb, *words = shlex.split(command)
    read = [w for before, w in pairwise(["", *words]) if before not in WRITES and "://" not in w]
    files = [w for w in read if "/" in w or re.search(r"\.[a-z]+$", w)]
    return verb not in NOT_RUN and bool(files) and all((ROOT / f).exists() for f in files)


RUNNABLE = sorted({command for _, command in commands() if reads_only_the_repository(command)})


@pytest.mark.parametrize("command", RUNNABLE)
def test_commands_on_files_of_the_repository_do_what_they_say(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for folder in ("docs", "deploy", "bot", "examples"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    words = shlex.split(command)
    words = [str(tmp_path / w) if before in WRITES else w for before, w in pairwise(["", *words])]
    done = main(words)
    assert done == 0 or (done == 1 and " ".join(words[:2]) in MAY_SAY_NO)
    wrote = {p.name for p in tmp_path.iterdir()} - {"docs", "deploy", "bot", "examples"}
    assert capsys.readouterr().out or wrote


def test_enough_of_the_commands_are_run() -> None:
    verbs = {command.partition(" ")[0] for command in RUNNABLE}
    assert verbs >= {"drift", "detect", "replay", "incident", "monitors", "oncall", "rca", "stats"}


def test_settings_that_pages_name_exist() -> None:
    known = {name.upper() for name in Settings.model_fields}
    known |= {f"{n.upper()}_FILE" for n, f in Settings.model_fields.items() if is_secret(n, f)}
    for page in our_pages():
        named = set(re.findall(r"\b(?:TANDEM|SLACK)_[A-Z_]+\b", page.read_text("utf-8")))
        assert named - known <= {"TANDEM_TESTS_SKIP_NOTHING"}, name_of(page)


def test_settings_that_files_for_a_deployment_name_exist() -> None:
    known = {name.upper() for name in Settings.model_fields}
    known |= {f"{n.upper()}_FILE" for n, f in Settings.model_fields.items() if is_secret(n, f)}
    for path in tracked():
        if path.is_relative_to(ROOT / "deploy") and path.suffix in {
            ".toml",
            ".yml",
            ".yaml",
            ".tpl",
        }:
            named = set(re.findall(r"\b(?:TANDEM|SLACK)_[A-Z_]*[A-Z]\b", path.read_text("utf-8")))
            assert named - known <= {"TANDEM_IMAGE"}, name_of(path)


SERIES = {
    name
    for d in DEFINITIONS
    for name in (d.shown, *(f"{d.name}_{part}" for part in ("bucket", "sum", "count")))
}


def test_metrics_that_pages_name_exist() -> None:
    units = "seconds|bytes|total|open|waiting|due|stored|up|ready|bucket"
    for path in tracked():
        if path.suffix in {".md", ".yml"} and "lock" not in path.parts:
            text = path.read_text("utf-8")
            named = set(re.findall(rf"\btandem_[a-z_]+_(?:{units})\b", text))
            assert named <= SERIES, name_of(path)


def test_slash_commands_that_pages_name_exist() -> None:
    known = {skill.command.split()[0] for skill in BUILTIN if skill.command}
    for page in (p for p in our_pages() if "playground" not in p.parts):
        text = re.sub(r"```(?!text).*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
        named = set(re.findall(r"`(/[a-z]+)(?: [^`/]*)?`", text))
        assert named <= known | PATHS | SLACKS_OWN, name_of(page)


def code_blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text("utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def posted(page: str) -> bytes:
    """The body of the last `curl ... -d '...'` that a page shows."""
    shown = [re.search(r"-d '(.*?)'", block, re.DOTALL) for block in code_blocks(page, "sh")]
    return [found[1] for found in shown if found][-1].encode()


@pytest.mark.parametrize("page", ["docs/how-to/alertmanager.md", "docs/tutorial.md"])
def test_the_alert_that_is_shown_is_taken(page: str) -> None:
    parsed = parser_for("alertmanager")(posted(page), NOON)
    assert not parsed.refused
    assert parsed.signals[0].service == "checkout"


@pytest.mark.parametrize("page", ["README.md", "docs/how-to/changes.md"])
def test_the_change_that_is_shown_is_taken(page: str) -> None:
    change = changes.parse(json.loads(posted(page)), NOON)
    assert (change.service, change.version, change.author) == ("checkout", "4.12.0", "ines")


def test_the_fields_of_a_change_are_documented() -> None:
    page = (ROOT / "docs/how-to/changes.md").read_text("utf-8")
    documented = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert documented == set(json.loads(posted("docs/how-to/changes.md"))) | {"id"}


def test_the_skill_that_is_shown_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skill, its_test, *_ = code_blocks("docs/how-to/write-a-skill.md", "python")
    (tmp_path / "tandem_oldest.py").write_text(skill, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    names: dict[str, Any] = {}
    exec(its_test, names)
    names["test_says_that_nothing_is_open"](tmp_path)


def test_models_and_monitors_that_are_shown_can_be_read(tmp_path: Path) -> None:
    blocks = code_blocks("docs/how-to/watch-a-model.md", "toml")
    monitors = [block for block in blocks if "[[model]]" in block]
    assert [[m.name for m in parse_monitors(block)] for block in monitors] == [["fraud"]] * 2
    first, second = (block for block in blocks if "[[model]]" not in block)
    # The second adds to the first, and TOML forbids to open a table twice.
    added = second.replace("[models.fraud]", "")
    (tmp_path / "models.toml").write_text(first + added, "utf-8")
    shown = FileFrames.from_toml(tmp_path / "models.toml")
    assert shown.roles("fraud").label == "is_fraud"
    assert set(shown.about("fraud").endpoint) == {"latency", "errors"}
    assert len(load_monitors(ROOT / "deploy" / "monitors.toml")) >= 2


def test_the_scopes_are_explained() -> None:
    page = (ROOT / "docs/how-to/connect-slack.md").read_text("utf-8")
    explained = re.findall(r"^\| `([a-z_:]+)` \|", page, re.MULTILINE)
    assert explained == list(SCOPES)


# What must not be in the repository


def test_no_registry_host_and_no_path_of_a_machine() -> None:
    for path in tracked():
        text = path.read_text("utf-8", errors="replace")
        for pattern in (REGISTRIES, MACHINE_PATHS):
            found = pattern.search(text)
            assert found is None or path == Path(__file__), f"{name_of(path)}: {found[0]}"


def test_no_secret_is_tracked() -> None:
    """Tokens as Slack makes them; those of tests and of the playground are visibly made up."""
    secret = re.compile(
        r"\bxox[bp]-\d{10,}-\d{10,}-\w{20,}|\bxapp-\d-[A-Z0-9]{9,}-\d{10,}-[0-9a-f]{60}"
    )
    for path in tracked():
        assert not secret.search(path.read_text("utf-8", errors="replace")), name_of(path)
