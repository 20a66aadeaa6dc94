"""Past incidents and runbooks, embedded and searched."""

from collections.abc import Sequence
from typing import Protocol

from knowledge.records import (
    Document,
    DocumentChanges,
    DocumentKind,
    Filters,
    Hit,
    Judgement,
    Vector,
)

_NO_FILTERS = Filters()


class Documents(Protocol):
    """Past incidents and runbooks. `revision` grows with every change, so that an index built
    from it knows when it is stale."""

    def put(self, documents: Sequence[Document]) -> None:
        """Add or replace by id."""
        ...

    def get(self, document_id: str) -> Document:
        """Raises NotFound with the nearest ids."""
        ...

    def all(self, kind: DocumentKind | None = None) -> list[Document]: ...

    def count(self) -> int:
        """How many there are, without reading them."""
        ...

    def revision(self) -> int: ...

    def remove(self, document_ids: Sequence[str]) -> None:
        """Forget; unknown ids are fine."""
        ...

    def changes(self, since: int) -> DocumentChanges:
        """What was put and removed after revision `since`, and the revision that it leads to; of
        a `since` below 0 all documents. Costs what has changed, not what there is."""
        ...


class Embedder(Protocol):
    """Texts to unit vectors. `name` tells one model's vectors from another's."""

    @property
    def name(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    @property
    def ready(self) -> bool:
        """False until the model is in memory; encode() works anyway, after loading it."""
        ...

    def encode(self, texts: Sequence[str]) -> Vector:
        """Shape (len(texts), dimensions), float32, rows of length 1."""
        ...


class VectorIndex(Protocol):
    def add(self, ids: Sequence[str], vectors: Vector) -> None:
        """Add or replace by id; vectors of shape (len(ids), dimensions), unit length."""
        ...

    def remove(self, ids: Sequence[str]) -> None: ...

    def search(self, vector: Vector, k: int) -> list[tuple[str, float]]:
        """The k nearest ids with their cosine, best first; vector of shape (dimensions,). Where
        replicas share an index, ids that only others have added are among them."""
        ...

    def settle(self) -> None:
        """All that there is has been added for now: do what is better done once than with every
        add. Takes as long as it takes."""
        ...

    def __len__(self) -> int: ...


class Library(Protocol):
    """The search library, as skills see it."""

    def similar(
        self,
        text: str,
        k: int = 5,
        kinds: Sequence[DocumentKind] = (DocumentKind.INCIDENT, DocumentKind.RUNBOOK),
        exclude: Sequence[str] = (),
        filters: Filters = _NO_FILTERS,
        votes: Sequence[Judgement] = (),
    ) -> list[Hit]:
        """Best first; hits of band NONE are left out, and so is what does not pass the filters.

        `votes` move documents a little among the hits of a question near to the one they were
        given for (`knowledge.library.votes`).
        """
        ...

    def get(self, document_id: str) -> Document: ...

    def add(self, documents: Sequence[Document]) -> None: ...

    @property
    def ready(self) -> bool:
        """False while the embedding model loads or texts are still being embedded: until then
        the search goes by words alone, and its hits carry a cosine of 0."""
        ...
