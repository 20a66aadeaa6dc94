"""A source by what it is written like: a path, or the URL of a database."""

from collections.abc import Collection
from pathlib import Path

from knowledge.adapters.frames.files import FileTable
from knowledge.adapters.frames.lakes import LakeTable
from knowledge.adapters.frames.sql import SqlTable
from knowledge.adapters.frames.tables import Table
from knowledge.adapters.frames.times import Window
from knowledge.records import Frame


def open_table(source: str | Path, *, query: str = "", lake_table: str = "") -> Table:
    """A file, a folder, a glob, the answer to an SQL query at an SQLAlchemy URL, or, where
    `lake_table` names one, a table of a backend of Ibis."""
    if lake_table:
        return LakeTable(str(source), lake_table)
    return SqlTable(str(source), query) if "://" in str(source) else FileTable(Path(source))


def read_frame(
    source: str | Path,
    *,
    query: str = "",
    window: Window | None = None,
    exclude: Collection[str] = (),
    names: Collection[str] = (),
) -> Frame:
    """All rows of a source, or those of a window; without the columns of `exclude`, or only those
    of `names`. Raises UserError that names the source, the problem and the remedy; Unavailable
    when a database cannot be reached."""
    frame = open_table(source, query=query).read(window, names)
    return {name: values for name, values in frame.items() if name not in exclude}
