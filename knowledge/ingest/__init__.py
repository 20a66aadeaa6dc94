"""Post-mortems, runbooks and exports of other systems, read into documents of the library."""

from knowledge.ingest.documents import Problem, incident_document, parse_line, parse_markdown
from knowledge.ingest.reading import Reading, read_paths, read_setting

__all__ = [
    "Problem",
    "Reading",
    "incident_document",
    "parse_line",
    "parse_markdown",
    "read_paths",
    "read_setting",
]
