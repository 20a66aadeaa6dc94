"""A sample of `make faults`: a kill, an outage of Slack and a garbled line, one after the other."""

import time

from benchmarks.faults.wire import HTTP_NONSENSE, Trouble
from benchmarks.faults.world import world


def test_nothing_is_lost_or_doubled() -> None:
    with world() as made:
        storm = made.storm()
        made.bot.start()
        storm.begin(1)
        made.bot.kill()
        made.bot.start()
        made.troubles.down()
        storm.begin(1)
        made.troubles.mend()
        made.slack.trouble(Trouble.GARBAGE, nonsense=HTTP_NONSENSE)
        storm.begin(1)
        made.slack.mend()
        found, _ = made.recovered(time.monotonic(), 120)
        assert found.problems == ()
        assert (found.expected, found.incidents, found.accepted) == (3, 3, 6)
