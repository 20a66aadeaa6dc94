"""Pure: training runs. What a person may set, how a run is followed, which version came of it."""

from knowledge.training.following import (
    FIND_FOR,
    RUN_TAG,
    SILENT_FOR,
    START_GRACE,
    advanced,
    is_lost,
    is_over,
    pause,
    registered_by,
    say_run,
)
from knowledge.training.recipe import (
    MOST_PARAMETERS,
    Parameter,
    ParameterType,
    Recipe,
    Value,
    chosen,
    read_parameters,
    typed,
)

__all__ = [
    "FIND_FOR",
    "MOST_PARAMETERS",
    "RUN_TAG",
    "SILENT_FOR",
    "START_GRACE",
    "Parameter",
    "ParameterType",
    "Recipe",
    "Value",
    "advanced",
    "chosen",
    "is_lost",
    "is_over",
    "pause",
    "read_parameters",
    "registered_by",
    "say_run",
    "typed",
]
