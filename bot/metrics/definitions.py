"""Every series of /metrics that is Tandem's own: name, kind, labels and what it is.

This table is the one place: `bot.metrics.meters` observes what happens, `bot.metrics.state` reads
states when it is scraped, and docs/reference/metrics.md is what is written here. Those of the
process (`process_*`, `python_gc_*`) are prometheus_client's own.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]

FAST = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SLOW = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
WAITS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)


@dataclass(frozen=True)
class Definition:
    """One family of series. A counter's samples carry `_total` after the name."""

    name: str
    kind: Kind
    says: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    """Upper bounds, of histograms only."""
    group: str = ""
    """The heading it is documented under."""

    @property
    def shown(self) -> str:
        """As it is written in a query: counters with their suffix."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


def _group(group: str, *definitions: Definition) -> tuple[Definition, ...]:
    return tuple(
        Definition(d.name, d.kind, d.says, d.labels, d.buckets, group) for d in definitions
    )


def _counter(name: str, says: str, *labels: str) -> Definition:
    return Definition(name, "counter", says, labels)


def _gauge(name: str, says: str, *labels: str) -> Definition:
    return Definition(name, "gauge", says, labels)


def _histogram(name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Definition:
    return Definition(name, "histogram", says, labels, buckets)


DEFINITIONS: tuple[Definition, ...] = (
    *_group(
        "Is it alive",
        _gauge("tandem_up", "1 while the stores can be read."),
        _gauge("tandem_build_info", "1, with the version.", "version", "python"),
        _gauge(
            "tandem_check",
            "1 while a check of /healthz or /readyz passes, 0 while it does not.",
            "check",
        ),
        _gauge("tandem_ready", "1 while /readyz answers 200: this process can take traffic."),
        _gauge(
            "tandem_loop_stuck_seconds",
            "How long a loop has been in its present round without making progress; 0 while it "
            "waits for work.",
            "loop",
        ),
        _histogram(
            "tandem_event_loop_lag_seconds",
            "How late the event loop was: every acknowledgement waits at least this long.",
            FAST,
        ),
        _gauge(
            "tandem_clock_off_seconds",
            "How far the machine's clock has leapt ahead of the time Tandem goes by; 0 while it is "
            "believed.",
        ),
        _gauge(
            "tandem_heartbeat_timestamp_seconds",
            "Unix time at which the dead man's switch was last told that all is well; 0 before.",
        ),
    ),
    *_group(
        "Intake",
        _counter("tandem_signals_accepted", "Signals and changes accepted.", "source"),
        _counter(
            "tandem_signals_refused",
            "Signals and changes refused: malformed, or the sender did not prove who it is.",
            "source",
        ),
        _gauge("tandem_inbox_waiting", "Webhooks that wait for their correlation."),
        _gauge(
            "tandem_inbox_oldest_seconds",
            "Age of the oldest webhook that waits; 0 when none does.",
        ),
        _histogram(
            "tandem_intake_lag_seconds",
            "From the acceptance of a webhook until what it holds is in its incident.",
            WAITS,
        ),
        _counter(
            "tandem_batches_poisoned",
            "Webhooks set aside because they could not be dealt with; they are kept.",
            "source",
        ),
        _histogram(
            "tandem_correlation_seconds",
            "Time to correlate and store what was taken from the inbox at once.",
            FAST,
        ),
        _gauge(
            "tandem_incidents_open",
            "Incidents that are not resolved (the newest 1,000).",
            "severity",
        ),
        _counter("tandem_incidents_opened", "Incidents opened."),
        _counter("tandem_incidents_merged", "Incidents merged into another."),
        _counter("tandem_incidents_resolved", "Incidents resolved, by people or by themselves."),
        _counter("tandem_incidents_reopened", "Incidents reopened."),
        _gauge(
            "tandem_alerts_stored",
            "Alert instances in the history, single or as daily counts; read every 5 minutes.",
        ),
        _gauge(
            "tandem_library_documents",
            "Past incidents and runbooks in the search library; read every 5 minutes.",
        ),
        _gauge(
            "tandem_watchdog_silent_seconds",
            "Seconds since the expected always-firing alert (TANDEM_WATCHDOG) was last heard; "
            "absent where none is expected.",
        ),
    ),
    *_group(
        "Slack",
        _counter("tandem_cards", "Cards posted to Slack and edited there.", "act"),
        _gauge("tandem_outbox_due", "Deliveries whose time has come."),
        _gauge(
            "tandem_outbox_oldest_seconds",
            "How long the oldest delivery has been due; 0 when none is.",
        ),
        _histogram("tandem_slack_seconds", "Time of a call to Slack.", SLOW, "call"),
        _counter(
            "tandem_slack_errors",
            "Calls to Slack that failed, 429 left out; kind is gone (no such message or channel), "
            "refused (trying again cannot help) or away (it can).",
            "call",
            "kind",
        ),
        _counter("tandem_slack_rate_limited", "Calls that Slack answered with 429.", "call"),
        _gauge("tandem_socket_connected", "1 while Slack's socket is connected; Socket Mode only."),
    ),
    *_group(
        "People",
        _counter(
            "tandem_turns",
            "Requests of people that reached a skill; outcome is ok, an error's name, or crash.",
            "skill",
            "outcome",
        ),
        _histogram("tandem_turn_seconds", "Time to answer a person.", SLOW),
        _gauge("tandem_turns_running", "Requests of people that are being answered."),
        _gauge("tandem_turn_oldest_seconds", "How long the longest of them has been running."),
    ),
    *_group(
        "Monitors and jobs",
        _counter("tandem_monitor_polls", "Polls of monitors, ok or failed.", "monitor", "outcome"),
        _histogram(
            "tandem_monitor_lateness_seconds",
            "How long after it was due a monitor was decided.",
            SLOW,
        ),
        _counter(
            "tandem_monitor_skipped",
            "Polls left out because the one before was not over: the source is too slow.",
            "source",
        ),
        _gauge(
            "tandem_monitor_source_up",
            "1 while a data source answers, 0 while it is left alone.",
            "source",
        ),
        _histogram(
            "tandem_monitor_seconds",
            "What detection costs: time of one request to a metrics source with its decisions "
            "(kind metric), or of one look at a model's data (kind model).",
            SLOW,
            "kind",
        ),
        _counter("tandem_job_runs", "Runs of scheduled jobs, ok or failed.", "job_name", "outcome"),
        _histogram("tandem_job_seconds", "Time of a run of a scheduled job.", FAST, "job_name"),
        _histogram(
            "tandem_job_delay_seconds",
            "How much later than its interval a job began again; a tenth of the interval (at most "
            "10 s) is meant, so that jobs do not begin together.",
            WAITS,
            "job_name",
        ),
        _gauge(
            "tandem_job_last_ok_timestamp_seconds",
            "Unix time at which a job last ended well in this process.",
            "job_name",
        ),
    ),
    *_group(
        "Language model",
        _counter(
            "tandem_llm_calls",
            "Calls of the language model by the router and the skills: ok, timeout, failed.",
            "outcome",
        ),
        _histogram("tandem_llm_seconds", "Time of such a call.", SLOW),
        _counter(
            "tandem_llm_answers",
            "Everything that is booked, the investigation agent's calls too, by the skill it was "
            "for: ok, failed, or refused by a daily limit before it was sent.",
            "purpose",
            "outcome",
        ),
        _counter("tandem_llm_tokens", "Tokens in and out, as booked.", "purpose", "direction"),
        _counter(
            "tandem_llm_cost",
            "Money spent, in TANDEM_LLM_CURRENCY at the prices that are set.",
            "purpose",
        ),
    ),
    *_group(
        "Replicas",
        _gauge(
            "tandem_lease_held",
            "1 on the replica that holds a lease: over all replicas the sum is 1.",
            "lease",
        ),
    ),
)
"""In the order of the page."""


def definition(name: str) -> Definition:
    """Raises KeyError for a name that is not defined."""
    return _BY_NAME[name]


_BY_NAME = {d.name: d for d in DEFINITIONS}
