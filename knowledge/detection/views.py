"""The ways in which a point can be wrong, and what is asked of each."""

from collections.abc import Mapping
from enum import IntEnum

from knowledge.detection.reading import Looks
from knowledge.detection.tail import Demand


class View(IntEnum):
    """A statistic about one in size, signed but for RESTLESS, that grows as a point is wronger."""

    JUMP = 0
    """Off the level of the last minutes."""
    VALUE = 1
    """Off all that the series was before."""
    SHIFT = 2
    """The mean of about ten points is off the mean of a day."""
    DRIFT = 3
    """The mean of about fifty points is."""
    RESTLESS = 4
    """Points jump about more than they did."""
    SEASON = 5
    """Wrong for its time of day and week."""
    SEASON_SHIFT = 6
    """Ten points on the whole wrong for their time."""
    SEASON_DRIFT = 7
    """Fifty are."""


DEMANDS: Mapping[View, Demand] = {
    View.JUMP: Demand(margin=1.3, least=4, reach=4, far_reach=2),
    View.VALUE: Demand(margin=1.02, least=5, reach=6, far_reach=2),
    View.SHIFT: Demand(margin=1.2, least=4, reach=2, far_reach=1),
    View.DRIFT: Demand(margin=1.02, least=4, reach=1, far_reach=1),
    View.RESTLESS: Demand(margin=1.6, least=4, reach=3, far_reach=1),
    View.SEASON: Demand(margin=1.4, least=4, reach=4, far_reach=2),
    View.SEASON_SHIFT: Demand(margin=9.0, least=4, reach=2, far_reach=1),
    View.SEASON_DRIFT: Demand(margin=1.1, least=4, reach=1, far_reach=1),
}

SEEN_BY: Mapping[Looks, tuple[View, ...]] = {
    Looks.ANY: tuple(View),
    Looks.SEASONAL: (View.SEASON, View.SEASON_SHIFT, View.SEASON_DRIFT),
    Looks.NOVELTY: (View.JUMP, View.VALUE),
    Looks.SHIFT: (View.SHIFT, View.DRIFT, View.SEASON_SHIFT, View.SEASON_DRIFT),
}
