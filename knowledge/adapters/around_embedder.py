"""What embedders that remember have in common: they are the one that they ask, only sooner."""

from knowledge.ports import Embedder


class AroundEmbedder:
    """The part of `Embedder` that is the inner one's."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner

    @property
    def name(self) -> str:
        return self._inner.name

    @property
    def dimensions(self) -> int:
        return self._inner.dimensions

    @property
    def ready(self) -> bool:
        return self._inner.ready
