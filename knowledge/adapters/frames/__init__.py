"""Tables of data from files, SQL databases and lakes, and the models' data named in a TOML file.

A frame holds numpy columns: integers with gaps become floats with NaN, text becomes objects with
None, times are datetime64 in UTC. A time without a zone is taken as UTC, unless a zone is set.
"""

from knowledge.adapters.frames.cache import ProfileCache
from knowledge.adapters.frames.files import FileTable
from knowledge.adapters.frames.models import FileFrames
from knowledge.adapters.frames.opened import open_table, read_frame
from knowledge.adapters.frames.times import TimeColumn, Window

__all__ = [
    "FileFrames",
    "FileTable",
    "ProfileCache",
    "TimeColumn",
    "Window",
    "open_table",
    "read_frame",
]
