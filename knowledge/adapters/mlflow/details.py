"""Everything that MLflow keeps of a version beyond its metrics: a dozen small requests.

What cannot be read is named and the rest stands: a picture of a version with a hole in it is of
use to a person, and the gates say of the hole that they cannot tell.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from knowledge.adapters.mlflow import explanations, manifest, reading
from knowledge.adapters.mlflow.artifacts import HASHED_EACH, File, Folder, Listing, digest
from knowledge.adapters.mlflow.server import Missing
from knowledge.errors import Unavailable
from knowledge.records import Details, Signature

MOST_CARD_BYTES = 20_000
MOST_MANIFEST_BYTES = 4 << 20
CARDS = ("model_card.md", "modelcard.md")
READMES = ("README.md",)
PATIENCE = 2
"""After so many answers that did not come, the server is asked for nothing more: each costs a
person at a button several seconds."""

T = TypeVar("T")


@dataclass(frozen=True)
class Sources:
    """Where the details of one version come from, as far as they are there."""

    version: Any
    """MLflow's own entities: the version, the logged model, the run."""
    model: Any | None
    run: Any | None
    files: Folder | None
    """What would be served."""
    run_files: Sequence[Folder]
    """What the runs left that made it and measured it."""
    registered_description: str
    metrics: Mapping[str, float]


class Problems:
    """Tries things, and keeps in words what did not work."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self._silent = 0

    def attempt(self, what: str, read: Callable[[], T], otherwise: T) -> T:
        if self._silent >= PATIENCE:
            return otherwise
        try:
            return read()
        except Unavailable as error:
            self._silent += error.retry
            self._add(what, error.why)
            if self._silent >= PATIENCE:
                self._add("the rest", "not asked for any more")
        except Missing:
            self._add(what, "not there")
        except (ValueError, RecursionError) as error:
            self._add(what, str(error) if isinstance(error, ValueError) else "nested too deep")
        return otherwise

    def _add(self, what: str, why: str) -> None:
        # One reason, such as where the files are, may keep several things from being read.
        if not any(said.endswith(f": {why}") for said in self.said):
            self.said.append(f"{what}: {why}")


@dataclass
class _Artefact:
    """What the folder of the version itself says."""

    digest: str = ""
    size: int | None = None
    files: tuple[File, ...] = ()
    manifest: Mapping[str, Any] = field(default_factory=dict)
    signature: Signature | None = None


def read_details(sources: Sources) -> Details:
    problems = Problems()
    artefact = _artefact(sources.files, problems)
    run, model = sources.run, sources.model
    framework = manifest.read_framework(artefact.manifest)
    source = reading.source(
        sources.version.tags or {},
        (model.tags if model is not None else None) or {},
        run,
        sources.version.user_id or "",
    )
    return Details(
        artifact=artefact.digest,
        size_bytes=artefact.size,
        signature=artefact.signature,
        trained_on=reading.trained_on(reading.inputs_of(run)),
        source={**source, **({"framework": framework} if framework else {})},
        card=_card(sources, artefact.files, problems),
        importances=_importances(sources, artefact.signature, problems),
        timings=reading.timings(sources.metrics),
        problems=tuple(problems.said),
    )


def _artefact(folder: Folder | None, problems: Problems) -> _Artefact:
    found = _Artefact()
    if folder is None:
        problems.said.append("artefact: the version names no files")
        return found
    nothing: tuple[File, ...] = ()
    found.files = files = problems.attempt("artefact", folder.files, nothing)
    if not files:
        if not problems.said:
            problems.said.append("artefact: there are no files")
        return found
    read_small = partial(folder.read, limit=HASHED_EACH)
    found.size = sum(file.size for file in files)
    found.digest = problems.attempt("artefact", lambda: digest(files, read_small), "")
    described = next((file for file in files if file.path == manifest.FILE), None)
    if described is None:
        problems.said.append(f"signature: there is no {manifest.FILE}")
        return found
    found.manifest = problems.attempt(
        manifest.FILE,
        lambda: manifest.read_manifest(folder.read(described, MOST_MANIFEST_BYTES)),
        {},
    )
    found.signature = problems.attempt(
        "signature", lambda: manifest.read_signature(found.manifest), None
    )
    return found


def _card(sources: Sources, files: Sequence[File], problems: Problems) -> str:
    """A file that says it is the card; else a description; else a README."""
    listing = Listing(tuple(file for file in files if "/" not in file.path))
    described = sources.version.description or sources.registered_description
    return _cut(
        _file(sources.files, listing.get(*CARDS), problems)
        or described
        or _file(sources.files, listing.get(*READMES), problems),
        problems,
    )


def _file(folder: Folder | None, file: File | None, problems: Problems) -> str:
    if folder is None or file is None:
        return ""
    return problems.attempt("model card", partial(_text, folder, file), "")


def _text(folder: Folder, file: File) -> str:
    # Read whole up to a larger limit: a card that is too long is cut and not lost.
    return folder.read(file, 10 * MOST_CARD_BYTES).decode(errors="replace")


def _cut(text: str, problems: Problems) -> str:
    encoded = text.encode(errors="replace")
    if len(encoded) <= MOST_CARD_BYTES:
        return text
    problems.said.append(f"model card: cut at {MOST_CARD_BYTES:,} of {len(encoded):,} bytes")
    return encoded[:MOST_CARD_BYTES].decode(errors="ignore")


def _importances(
    sources: Sources, signature: Signature | None, problems: Problems
) -> Mapping[str, float]:
    """The first that are found: the model's own, then those of its runs."""
    names = [f.name for f in signature.inputs] if signature is not None else []
    nothing: dict[str, float] = {}
    for folder in (sources.files, *sources.run_files):
        if folder is not None:
            read = partial(_importances_in, folder, names)
            found = problems.attempt("importances", read, nothing)
            if found:
                return found
    return {}


def _importances_in(folder: Folder, names: Sequence[str]) -> dict[str, float]:
    there = folder.list().folders
    if explanations.FOLDER in there:
        file = folder.list(explanations.FOLDER).get(explanations.FILE)
        if file is not None:
            return explanations.read_importances(folder.read(file, explanations.MOST_BYTES))
    if explanations.SHAP_FOLDER in there:
        file = folder.list(explanations.SHAP_FOLDER).get(explanations.SHAP_FILE)
        if file is not None:
            return explanations.read_shap(folder.read(file, explanations.MOST_BYTES), names)
    return {}
