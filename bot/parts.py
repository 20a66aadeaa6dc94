"""Settings -> everything a Context needs: the module that names concrete adapters."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from bot.access import Rights
from bot.clock import utc_now
from bot.intake import Intake
from bot.metrics import Metrics as Meters
from bot.replica import name_of_process
from bot.route import Router
from bot.route_model import fit
from bot.settings import Settings
from bot.sources import make_sources
from bot.spans import make_spans
from bot.triage import IntakeTriage
from bot.watching import Backtests, Engine, Looks, MonitorWatching
from bot.webhooks import Sources, read
from bot.webhooks.mlflow import PROMPTS
from bot.words import Known
from knowledge.adapters.absent import (
    AbsentFrames,
    AbsentGroups,
    AbsentMetrics,
    AbsentModels,
    AbsentPromoting,
    AbsentTelemetry,
    AbsentWatching,
)
from knowledge.adapters.agent import LangChainInvestigator
from knowledge.adapters.cached_embedder import CachedEmbedder
from knowledge.adapters.calendars import read_oncall
from knowledge.adapters.configured import environment, make_pagers, make_tickets, make_trainer
from knowledge.adapters.faiss_index import FaissIndex
from knowledge.adapters.frames import FileFrames, ProfileCache
from knowledge.adapters.freed_memory import give_back
from knowledge.adapters.llm import OpenAILLM
from knowledge.adapters.many_registries import ManyRegistries
from knowledge.adapters.mlflow import MlflowModels, MlflowPrompts
from knowledge.adapters.openai_embedder import OpenAIEmbedder
from knowledge.adapters.pgvector_index import PgVectorIndex, why_not
from knowledge.adapters.prometheus import Prometheus
from knowledge.adapters.runners import open_runners
from knowledge.adapters.s3_archive import Mode, S3Archive
from knowledge.adapters.sagemaker import SageMakerModels
from knowledge.adapters.sentence_embedder import SentenceEmbedder
from knowledge.adapters.shared_vectors import SharedEmbedder
from knowledge.adapters.shipped_vectors import ShippedVectors
from knowledge.adapters.sources import open_sources
from knowledge.adapters.sql import SqlStore, open_store
from knowledge.adapters.telemetry import Connected, open_telemetry
from knowledge.adapters.telemetry.file import read_telemetry
from knowledge.catalogue import Catalogue
from knowledge.codec import signals_from_json
from knowledge.errors import TandemError, Unavailable, UserError
from knowledge.ingest import incident_document, read_setting
from knowledge.ledger import StoreLedger, read_limit
from knowledge.library import SearchLibrary
from knowledge.maintenance import Window, WithWindows, read_windows
from knowledge.monitors import AnyMonitor
from knowledge.monitors.file import MonitorsFile, load_file
from knowledge.oncall import OnCall
from knowledge.ports import (
    LLM,
    Embedder,
    Frames,
    Groups,
    Investigator,
    Ledger,
    Library,
    Metrics,
    Models,
    Pager,
    Promoting,
    Remediation,
    Reservations,
    Rooms,
    Silences,
    Telemetry,
    Tickets,
    Trainer,
    Triage,
    Uses,
    VectorIndex,
    Watching,
)
from knowledge.promoting.gather import Gatherer
from knowledge.promoting.service import Promotions
from knowledge.promotion.gates import check_policy, judge
from knowledge.promotion.history import has_served
from knowledge.promotion.policy_file import Policies, read_policies
from knowledge.records import (
    ApprovalStatus,
    Budget,
    DocumentKind,
    Incident,
    Limits,
    Message,
    Prices,
    Signal,
    Status,
)
from knowledge.remediation import Parts as RemediationParts
from knowledge.remediation import Remediations
from knowledge.runbooks import read_runners
from skills.contract import Context, Role, Skill, User
from skills.noticed import Reading
from skills.registry import installed

log = logging.getLogger("tandem.build")

CACHE = Path.home() / ".cache" / "tandem" / "vectors.db"
"""Vectors of texts that were embedded before: a restart reads them instead of the model."""

PHRASE_VECTORS = Path(__file__).parent / "phrase_vectors.npz"
"""Those of the router's phrases are shipped; `tandem vectors` makes the file."""

MOST_HISTORY = 500
"""Requests and moves of a model in which an earlier champion is looked for."""

LESSONS_OF = timedelta(days=365)
"""Incidents that resolved this recently are in the library; the store keeps them all."""


# Parts ---------------------------------------------------------------------------------------


def make_embedder(settings: Settings) -> Embedder:
    """Raises UserError when TANDEM_EMBEDDER names no kind that there is."""
    kind, _, model = settings.tandem_embedder.partition(":")
    if kind in ("minilm", "minilm-lean") and not model:
        return SentenceEmbedder(lean=kind == "minilm-lean")
    if kind == "st" and model:
        return SentenceEmbedder(model)
    if kind == "openai" and model:
        key = settings.openai_api_key.get_secret_value()
        return OpenAIEmbedder(model, settings.openai_base_url, key)
    raise UserError(
        f"TANDEM_EMBEDDER is {settings.tandem_embedder!r}. Write minilm, minilm-lean, "
        "st:<model or folder> or openai:<model>."
    )


def share_search(
    store: SqlStore, embedder: Embedder
) -> tuple[Embedder, Callable[[int], VectorIndex]]:
    """Where the store is PostgreSQL with pgvector, all replicas share the vectors and the index;
    else each has its own. The embedder to use for passages, and what makes the index."""
    # Tests give stores in memory.
    if not isinstance(store, SqlStore) or store.database.is_sqlite:
        return embedder, FaissIndex
    if why := why_not(store.database):
        log.warning("search: %s; each replica keeps an index of its own (FAISS)", why)
        return embedder, FaissIndex
    return (
        SharedEmbedder(embedder, store.database),
        partial(PgVectorIndex, store.database, embedder.name),
    )


def with_phrases(embedder: Embedder) -> Embedder:
    """The embedder with the router's phrases known from the start."""
    return ShippedVectors(embedder, PHRASE_VECTORS)


def make_llm(settings: Settings, ledger: Ledger | None = None) -> LLM | None:
    """None when no model is named: everything works without one."""
    if not settings.openai_model:
        return None
    return OpenAILLM(
        settings.openai_base_url,
        settings.openai_api_key.get_secret_value(),
        settings.openai_model,
        settings.tandem_llm_timeout,
        ledger=ledger,
    )


def make_ledger(
    settings: Settings,
    uses: Uses,
    now: Callable[[], datetime],
    reservations: Reservations | None = None,
) -> Ledger:
    """Raises BadArgs naming the limit that cannot be read."""
    prices, limits = make_prices(settings), make_limits(settings)
    return StoreLedger(uses, now, prices, limits, reservations)


def make_prices(settings: Settings) -> Prices:
    return Prices(
        settings.tandem_llm_price_in, settings.tandem_llm_price_out, settings.tandem_llm_currency
    )


def make_limits(settings: Settings) -> Limits:
    """Raises BadArgs naming the limit that cannot be read."""
    return Limits(
        everyone=read_limit("TANDEM_LLM_DAILY_LIMIT", settings.tandem_llm_daily_limit),
        user=read_limit("TANDEM_LLM_DAILY_LIMIT_USER", settings.tandem_llm_daily_limit_user),
        team=read_limit("TANDEM_LLM_DAILY_LIMIT_TEAM", settings.tandem_llm_daily_limit_team),
    )


def make_investigator(settings: Settings, llm: LLM | None) -> Investigator | None:
    """On the same endpoint as the LLM; None without one."""
    if not isinstance(llm, OpenAILLM):
        return None
    budget = Budget(
        steps=settings.tandem_investigate_steps,
        tokens=settings.tandem_investigate_tokens,
        seconds=settings.tandem_investigate_seconds,
        cost=settings.tandem_investigate_cost,
    )
    return LangChainInvestigator(llm.endpoint, budget)


def make_metrics(settings: Settings) -> Metrics:
    return Prometheus(settings.prometheus_url) if settings.prometheus_url else AbsentMetrics()


def make_telemetry(settings: Settings) -> Telemetry:
    """Raises UserError naming TANDEM_TELEMETRY's file and what is wrong in it."""
    path = settings.tandem_telemetry
    return open_telemetry(read_telemetry(path), environment) if path else AbsentTelemetry()


def make_models(settings: Settings) -> Models:
    """Every registry that is set: the models of the first keep their names, those of the others
    have the registry's in front."""
    found: dict[str, Models] = {}
    if uri := settings.mlflow_tracking_uri:
        found |= {"models": MlflowModels(uri), PROMPTS: MlflowPrompts(uri)}
    if region := settings.tandem_sagemaker_region:
        found["sagemaker"] = SageMakerModels(
            region, settings.tandem_sagemaker_endpoint, settings.tandem_s3_endpoint
        )
    return ManyRegistries(found) if found else AbsentModels()


def make_archive(settings: Settings) -> S3Archive | None:
    """Where heads of the audit record are kept. Raises BadArgs naming TANDEM_AUDIT_ARCHIVE."""
    if not settings.tandem_audit_archive:
        return None
    return S3Archive(
        settings.tandem_audit_archive,
        mode=Mode(settings.tandem_audit_lock.upper()),
        endpoint=settings.tandem_s3_endpoint,
    )


def make_frames(settings: Settings, profiles: Path | None = None) -> Frames:
    """`profiles` is the folder in which references are kept as they were learned."""
    path = settings.tandem_models
    cache = ProfileCache(profiles) if profiles is not None else None
    return FileFrames.from_toml(path, cache) if path else AbsentFrames()


def make_monitors(settings: Settings) -> tuple[AnyMonitor, ...]:
    return read_monitors_file(settings).monitors


def read_monitors_file(settings: Settings) -> MonitorsFile:
    """Monitors and their data sources. Raises UserError, a line for each wrong field."""
    return load_file(settings.tandem_monitors) if settings.tandem_monitors else MonitorsFile()


def make_watching(
    settings: Settings,
    store: SqlStore,
    intake: Intake,
    frames: Frames,
    metrics: Metrics,
    meters: Meters,
    now: Callable[[], datetime],
) -> MonitorWatching:
    """The monitors, not running yet: what `bot.jobs` schedules makes them. Raises UserError."""
    file = read_monitors_file(settings)
    sources = open_sources(file.sources, metrics)
    looks = Looks(frames, metrics)
    engine = Engine(file.monitors, store, sources, looks, intake.accept, now, meters=meters)
    return MonitorWatching(engine, store.monitors, Backtests(sources, looks), now)


def make_meters(settings: Settings) -> Meters:
    """Raises UserError where traces are asked for and their extra is missing."""
    ours = version("tandem")
    endpoint = settings.otel_exporter_otlp_endpoint
    return Meters(ours, make_spans(endpoint, ours, name_of_process()))


def make_catalogue(settings: Settings) -> Catalogue:
    """Raises UserError naming TANDEM_CATALOGUE's file and what is wrong in it."""
    path = settings.tandem_catalogue
    return Catalogue.read(path) if path else Catalogue()


def make_policies(settings: Settings) -> Policies:
    """Raises UserError naming TANDEM_PROMOTION's file, a line for each wrong field."""
    path = settings.tandem_promotion
    return read_policies(path, check_policy) if path else Policies()


def make_promoting(
    store: SqlStore,
    models: Models,
    frames: Frames,
    watching: Watching,
    groups: Groups,
    policies: Policies,
    rights: Rights,
    now: Callable[[], datetime],
) -> Promotions:
    """Requests to move a champion; what settles and ends them are jobs of `bot.jobs`."""

    def served(model: str, version: str) -> bool:
        history = store.approvals.find(
            model=model, status=ApprovalStatus.APPROVED, limit=MOST_HISTORY
        )
        return has_served(version, history, store.moves.find(model=model, limit=MOST_HISTORY))

    return Promotions(
        records=store,
        models=models,
        groups=groups,
        gatherer=Gatherer(models, frames, store.incidents, watching, policies.of, served, now),
        judge=judge,
        policies=policies.of,
        may_approve=lambda user: rights.role(user) >= Role.APPROVE,
        now=now,
    )


def make_remediation(
    settings: Settings,
    store: SqlStore,
    library: Library,
    groups: Groups,
    rights: Rights,
    now: Callable[[], datetime],
) -> Remediations | None:
    """None where nothing may be run. Raises UserError naming TANDEM_RUNNERS' file, the field and
    the remedy, or the variables that are not set."""
    path = settings.tandem_runners
    if path is None:
        return None
    file = read_runners(path)
    runners = open_runners(file, environment)
    return Remediations(
        RemediationParts(
            executions=store.executions,
            incidents=store.incidents,
            audit=store.audit,
            library=library,
            runbooks=lambda: store.documents.all(DocumentKind.RUNBOOK),
            groups=groups,
            runners=runners,
            file=file,
            may_operate=lambda user: rights.role(user) >= Role.OPERATE,
            now=now,
            secrets=runners.secrets,
        )
    )


MONITOR = "monitor"
"""The source of what Tandem's own monitors send."""


def read_batch(sources: Sources, source: str, body: bytes, at: datetime) -> Sequence[Signal]:
    """An inbox row again, as it was read when it came. Raises UserError."""
    if source == MONITOR:
        return signals_from_json(body)
    return read(source, body, at, sources).signals


def make_windows(settings: Settings) -> tuple[Window, ...]:
    """Raises UserError naming TANDEM_MAINTENANCE's file and what is wrong in it."""
    path = settings.tandem_maintenance
    if path is None:
        return ()
    try:
        return read_windows(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, UserError) as error:
        raise UserError(f"TANDEM_MAINTENANCE: {path}: {error}") from error


@runtime_checkable
class Warming(Protocol):
    """Something that answers sooner when it was called once before."""

    def warm(self) -> None: ...


@dataclass
class Parts:
    """Everything a Context needs; the terminal chat and the running bot share it."""

    settings: Settings
    store: SqlStore
    skills: tuple[Skill[Any], ...]
    embedder: Embedder
    library: SearchLibrary
    metrics: Metrics
    models: Models
    frames: Frames
    llm: LLM | None
    router: Router
    rights: Rights
    intake: Intake
    triage: Triage
    catalogue: Catalogue
    oncall: OnCall
    silences: Silences
    sources: Sources
    meters: Meters
    """What Tandem tells of itself at /metrics; `metrics` is where it reads those of others."""
    pager: Pager | None = None
    tickets: tuple[Tickets, ...] = ()
    trainer: Trainer | None = None
    remediation: Remediation | None = None
    watching: Watching = field(default_factory=AbsentWatching)
    promoting: Promoting = field(default_factory=AbsentPromoting)
    policies: Policies = field(default_factory=Policies)
    telemetry: Telemetry = field(default_factory=AbsentTelemetry)
    ledger: Ledger | None = None
    investigator: Investigator | None = None
    now: Callable[[], datetime] = utc_now

    def context(
        self,
        user: User,
        now: datetime,
        people: Callable[[str], str] = lambda user_id: user_id,
        read_thread: Callable[[str], tuple[Message, ...]] = lambda incident_id: (),
        card_link: Callable[[str], str] = lambda incident_id: "",
        rooms: Rooms | None = None,
    ) -> Context:
        return Context(
            user=user,
            now=now,
            incidents=self.store.incidents,
            changes=self.store.changes,
            approvals=self.store.approvals,
            moves=self.store.moves,
            runs=self.store.runs,
            audit=self.store.audit,
            library=self.library,
            metrics=self.metrics,
            models=self.models,
            frames=self.frames,
            alerts=self.store.alerts,
            silences=self.silences,
            triage=self.triage,
            watching=self.watching,
            promoting=self.promoting,
            handovers=self.store.handovers,
            executions=self.store.executions,
            uses=self.store.uses,
            judgements=self.store.judgements,
            telemetry=self.telemetry,
            catalogue=self.catalogue,
            oncall=self.oncall,
            pager=self.pager,
            tickets=self.tickets,
            trainer=self.trainer,
            remediation=self.remediation,
            rooms=rooms,
            llm=self.llm,
            llm_seconds=self.settings.tandem_llm_timeout,
            investigator=self.investigator,
            ledger=self.ledger,
            skills=self.skills,
            people=people,
            read_thread=read_thread,
            card_link=card_link,
        )

    def team_of(self, incident_id: str) -> str:
        """The team that owns an incident's service; empty where it is not known."""
        if not incident_id:
            return ""
        try:
            return self.catalogue.team(self.store.incidents.get(incident_id).service)
        except TandemError:
            return ""

    @property
    def reading(self) -> Reading:
        """What cards of findings read."""
        return Reading(
            watching=self.watching,
            incidents=self.store.incidents,
            changes=self.store.changes,
            alerts=self.store.alerts,
            approvals=self.store.approvals,
            silences=self.silences,
            catalogue=self.catalogue,
            frames=self.frames,
        )

    def read_library(self) -> None:
        """Read TANDEM_LIBRARY into the store; what cannot be read is logged by name and line."""
        reading = read_setting(self.settings.tandem_library)
        for problem in reading.problems:
            log.warning("library: %s", problem)
        if reading.documents:
            self.library.add(reading.documents)

    def warm(self) -> None:
        """Load the model behind the start: first the library, then the router's vectors."""
        steps = (
            self._load,
            self.read_library,
            self._remember_all,
            self.library.build,
            self.router.learn,
            *([self.llm.warm] if isinstance(self.llm, Warming) else []),
            *([self.models.names] if self.settings.mlflow_tracking_uri else []),
        )
        for step in steps:
            try:
                step()
            except TandemError as error:
                log.warning("while warming up: %s", error)
        self.shrink()

    def shrink(self) -> None:
        """Give the memory back that bursts of work and the start have left."""
        give_back()

    def remember(self, incident: Incident) -> None:
        """A resolved incident joins what can be found."""
        self.library.add([incident_document(incident)])

    def _remember_all(self) -> None:
        """Whatever a crash kept from joining the library."""
        since = self.now() - LESSONS_OF
        resolved = self.store.incidents.find(status=Status.RESOLVED, since=since, limit=10_000)
        self.library.add([incident_document(incident) for incident in resolved])

    def _load(self) -> None:
        """The model itself: remembered vectors would do without it until the first question."""
        self.embedder.encode(["warm"])

    def close(self) -> None:
        if isinstance(self.watching, MonitorWatching):
            self.watching.close()
        if isinstance(self.remediation, Remediations):
            self.remediation.stop()
        self.store.close()
        if isinstance(self.metrics, Prometheus):
            self.metrics.close()
        if isinstance(self.telemetry, Connected):
            self.telemetry.close()


def make_parts(settings: Settings, **overrides: Any) -> Parts:
    """Everything but Slack. `overrides` replaces parts by name, for tests; `fit` is the router's.
    Raises UserError."""
    store = overrides.get("store") or open_store(settings.database_url)
    embedder = overrides.get("embedder") or make_embedder(settings)
    cache = overrides.pop("cache", CACHE)
    cache.parent.mkdir(parents=True, exist_ok=True)
    shared, make_index = share_search(store, embedder)
    remembered = CachedEmbedder(shared, cache)
    skills = overrides.get("skills") or installed()
    models = overrides.get("models") or make_models(settings)
    frames = overrides.get("frames") or make_frames(settings, cache.parent / "profiles")
    now = overrides.get("now") or utc_now
    meters = overrides.get("meters") or make_meters(settings)
    ledger = meters.ledger(
        overrides.get("ledger") or make_ledger(settings, store.uses, now, store.reservations)
    )
    llm = overrides["llm"] if "llm" in overrides else make_llm(settings, ledger)
    investigator = overrides.get("investigator") or make_investigator(settings, llm)
    llm = llm and meters.llm(llm)
    overrides.pop("llm", None)
    store.incidents = meters.incidents(store.incidents)
    catalogue = overrides.get("catalogue") or make_catalogue(settings)
    sources = overrides.get("sources") or make_sources(settings)
    silences = WithWindows(store.silences, make_windows(settings))
    library = SearchLibrary(store.documents, embedder, make_index, remembered)
    intake = Intake(
        store,
        partial(read_batch, sources),
        now,
        catalogue=catalogue,
        silences=silences,
        on_resolved=lambda incident: library.add([incident_document(incident)]),
        quiet=timedelta(seconds=settings.tandem_quiet),
        seen=store.seen,
    )
    metrics = meters.port("prometheus", overrides.pop("metrics", None) or make_metrics(settings))
    if isinstance(store, SqlStore):
        meters.spans.watch_database(store.database.engine)
    watching = overrides.get("watching") or make_watching(
        settings, store, intake, frames, metrics, meters, now
    )
    rights = overrides.get("rights") or Rights.read(
        settings.tandem_operators, settings.tandem_approvers
    )
    policies = overrides.get("policies") or make_policies(settings)
    groups = overrides.pop("groups", None) or AbsentGroups()
    parts: dict[str, Any] = {
        "settings": settings,
        "store": store,
        "skills": skills,
        "embedder": embedder,
        "library": library,
        "intake": intake,
        "triage": IntakeTriage(intake, store, now),
        "catalogue": catalogue,
        "oncall": read_oncall(settings.tandem_oncall),
        "silences": silences,
        "sources": sources,
        "pager": make_pagers(settings),
        "tickets": make_tickets(settings),
        "trainer": make_trainer(settings),
        "remediation": make_remediation(settings, store, library, groups, rights, now),
        "metrics": metrics,
        "telemetry": overrides.get("telemetry") or make_telemetry(settings),
        "watching": watching,
        "models": models,
        "frames": frames,
        "llm": llm,
        "ledger": ledger,
        "investigator": investigator,
        "meters": meters,
        "router": Router(
            skills,
            with_phrases(remembered),
            llm,
            _known(store, models, frames, watching, now),
            fit=overrides.pop("fit", fit),
        ),
        "rights": rights,
        "policies": policies,
        "promoting": make_promoting(store, models, frames, watching, groups, policies, rights, now),
    }
    return Parts(**{**parts, **overrides})


KNOWN_FOR = timedelta(minutes=1)


def _known(
    store: SqlStore,
    models: Models,
    frames: Frames,
    watching: Watching,
    now: Callable[[], datetime],
) -> Callable[[], Known]:
    """Names the router may find in a text, asked for once a minute at most."""
    kept: list[tuple[datetime, Known]] = []

    def known() -> Known:
        asked = now()
        if not kept or asked - kept[0][0] > KNOWN_FOR:
            names = [*_names(models.names), *_names(frames.names)]
            services = {i.service for i in store.incidents.find(limit=200) if i.service}
            monitors = tuple(w.monitor.name for w in watching.all())
            models_known = tuple(dict.fromkeys(names))
            kept[:] = [(asked, Known(tuple(sorted(services)), models_known, monitors=monitors))]
        return kept[0][1]

    return known


def _names(ask: Callable[[], list[str]]) -> list[str]:
    try:
        return ask()
    except (Unavailable, UserError):
        return []
