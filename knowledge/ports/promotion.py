"""Requests to move a champion, their moves, and training runs."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from knowledge.records import Approval, ApprovalStatus, Ballot, Gate, Move, Purpose, Run, Training

if TYPE_CHECKING:
    from knowledge.promotion import Policy
    from knowledge.promotion.deciding import Tally as VoteTally
    from knowledge.promotion.evidence import Evidence
    from knowledge.promotion.ruling import Asked, Ruling
    from knowledge.training import Recipe


class Approvals(Protocol):
    """Requests and their decisions. `tell` as in `Incidents`: kinds of delivery ("request",
    "request-thread") that are put into the outbox in the same transaction."""

    def add(self, draft: Approval, tell: Sequence[str] = ()) -> Approval:
        """Store a draft (its id is empty) and return it with its id. A draft with a key that is
        known already is not stored again: the known one is returned."""
        ...

    def get(self, approval_id: str) -> Approval: ...

    def find(
        self,
        *,
        model: str = "",
        status: ApprovalStatus | None = None,
        watched: bool = False,
        limit: int = 50,
    ) -> list[Approval]:
        """Newest first; `watched` keeps those whose canary is being watched."""
        ...

    def decide(
        self,
        approval_id: str,
        expected: ApprovalStatus,
        by: Callable[[Approval], Approval],
        tell: Sequence[str] = (),
    ) -> tuple[Approval, bool]:
        """Apply `by` if the stored status is still `expected`; the flag says whether it was.

        Exactly one of any number of simultaneous callers gets True; for the others nothing is
        told. Neither id nor key can be changed. At most one request of a model is MOVING: raises
        Overtaken for a second, and nothing is changed. Raises NotFound.
        """
        ...

    def update(
        self, approval_id: str, by: Callable[[Approval], Approval], tell: Sequence[str] = ()
    ) -> Approval:
        """Apply a pure function to the stored request whatever its status is, atomically: for
        votes that were counted, the canary, the time line. Raises NotFound."""
        ...


class Runs(Protocol):
    """Training runs that were asked for."""

    def put(self, run: Run, tell: Sequence[str] = ()) -> None:
        """Add, or replace by the training's id; `tell` as in `Incidents`, key "<kind>:<id>"."""
        ...

    def get(self, training_id: str) -> Run:
        """Raises NotFound."""
        ...

    def find(self, *, model: str = "", under_way: bool = False, limit: int = 50) -> list[Run]:
        """Newest first."""
        ...


class Moves(Protocol):
    """Every champion that Tandem saw come, by whom it may."""

    def add(self, draft: Move, tell: Sequence[str] = ()) -> Move:
        """Store a draft (its id is empty) and return it with its id; `tell` as in `Incidents`."""
        ...

    def get(self, move_id: str) -> Move:
        """Raises NotFound."""
        ...

    def find(self, *, model: str = "", outside: bool = False, limit: int = 50) -> list[Move]:
        """Newest first; `outside` keeps those past Tandem."""
        ...

    def change(self, move_id: str, by: Callable[[Move], Move], tell: Sequence[str] = ()) -> Move:
        """Apply a pure function to the stored move, atomically. Raises NotFound."""
        ...

    def seen(self) -> dict[str, tuple[str, datetime]]:
        """The champion of each model as it was seen last ("" for none), and when."""
        ...

    def see(self, champions: Mapping[str, str], at: datetime) -> None:
        """These were seen then: replaces the entries of these models, except those that were seen
        later."""
        ...


class Trainer(Protocol):
    """Starts training runs in whatever trains models."""

    @property
    def name(self) -> str:
        """ "airflow", "argo", "kubeflow", "sagemaker", "github", "jenkins" or "webhook"."""
        ...

    def recipe(self, model: str) -> "Recipe":
        """How this model is trained, and what a person may choose. Raises NotFound where nobody
        said how."""
        ...

    def start(self, training: Training) -> Run:
        """Have it started, once per id, also when it is asked again after a failure."""
        ...

    def look(self, run: Run) -> Run:
        """How it stands now. A run that the system does not know any more is LOST."""
        ...

    def secret(self, run: Run) -> str:
        """What reports about this run are signed with; empty where none are taken."""
        ...


class Promoting(Protocol):
    """Requests to move a champion, as skills and jobs see them."""

    def policy(self, model: str) -> "Policy": ...

    def gather(self, model: str, version: str, purpose: Purpose) -> "Evidence":
        """The facts of this moment. Raises NotFound; what else cannot be asked is named in it."""
        ...

    def judge(self, evidence: "Evidence") -> tuple[Gate, ...]: ...

    def ask(
        self,
        model: str,
        version: str,
        *,
        by: str,
        by_name: str,
        reason: str,
        purpose: Purpose = Purpose.PROMOTION,
        channel: str = "",
        key: str = "",
    ) -> "Asked":
        """A request with its evidence frozen; one that waits for the same move from the same
        champion is returned as it is. No request is made where a gate prevents it that nobody may
        override. Raises NotFound, BadArgs."""
        ...

    def vote(
        self, approval_id: str, ballot: Ballot, *, by: str, by_name: str, reason: str, saw: str = ""
    ) -> "Ruling":
        """Count one click, with everything checked again, and move the champion if that completes
        it. `saw` is the hash of the evidence on the clicked card, or its first twelve characters.
        Raises Denied, BadArgs, and Overtaken while another request of the model is moved."""
        ...

    def review(self, approval_id: str, *, by: str, by_name: str, note: str = "") -> Approval:
        """A second person looked at an emergency afterwards. Raises Denied."""
        ...

    def undecided(self, model: str = "") -> list[Approval]:
        """Those that wait for a decision, newest first."""
        ...

    def open_to(self, user: str) -> list[Approval]:
        """Those of them that this person may approve now, if need be by an override; cheaper than
        asking `may` for each."""
        ...

    def may(self, approval: Approval, ballot: Ballot, user: str) -> str:
        """Why this person may not click that now; empty where they may."""
        ...

    def tally(self, approval: Approval) -> "VoteTally":
        """How the votes stand under the policy of now. Asks each group that it names once; one that
        cannot be asked is named in it."""
        ...

    def thaw(self, approval: Approval) -> "Evidence | None":
        """The evidence as it was frozen; None for requests of before there was any."""
        ...
