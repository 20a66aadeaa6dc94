"""What the rules and skills need from outside, as protocols. Adapters live in `knowledge.adapters`.

Every method may raise `Unavailable` where the thing behind it can be out of reach.
"""

from knowledge.ports.delivery import Archive, Audit, Inbox, Outbox, Seen, Store, Together
from knowledge.ports.incidents import Alerts, Changes, Incidents, Lessons, Silences, Triage
from knowledge.ports.leases import Leases, Rounds
from knowledge.ports.llm import (
    LLM,
    Choice,
    Found,
    Investigator,
    Ledger,
    ReadTool,
    Spent,
    Tool,
)
from knowledge.ports.metrics import Metrics
from knowledge.ports.models import Frames, Models
from knowledge.ports.operations import Executions, Handovers, Judgements, Uses
from knowledge.ports.people import Groups, Pager, Rooms, Tickets
from knowledge.ports.promotion import Approvals, Moves, Promoting, Runs, Trainer
from knowledge.ports.remediation import Remediation
from knowledge.ports.search import Documents, Embedder, Library, VectorIndex
from knowledge.ports.shared import Memos, Reservations
from knowledge.ports.telemetry import Logs, Telemetry, Traces
from knowledge.ports.watching import Monitors, Watching

__all__ = [
    "LLM",
    "Alerts",
    "Approvals",
    "Archive",
    "Audit",
    "Changes",
    "Choice",
    "Documents",
    "Embedder",
    "Executions",
    "Found",
    "Frames",
    "Groups",
    "Handovers",
    "Inbox",
    "Incidents",
    "Investigator",
    "Judgements",
    "Leases",
    "Ledger",
    "Lessons",
    "Library",
    "Logs",
    "Memos",
    "Metrics",
    "Models",
    "Monitors",
    "Moves",
    "Outbox",
    "Pager",
    "Promoting",
    "ReadTool",
    "Remediation",
    "Reservations",
    "Rooms",
    "Rounds",
    "Runs",
    "Seen",
    "Silences",
    "Spent",
    "Store",
    "Telemetry",
    "Tickets",
    "Together",
    "Tool",
    "Traces",
    "Trainer",
    "Triage",
    "Uses",
    "VectorIndex",
    "Watching",
]
