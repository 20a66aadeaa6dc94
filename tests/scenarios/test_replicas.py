"""Three `tandem run` on one PostgreSQL, behind one Slack: they are one bot, also when one of them
is killed, stopped, or cut off from the database.

The tests go on from each other, in their order: a start of three processes takes most of the time.
"""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import monotonic

import pytest
from replicated import AGAIN_S, Replicated, empty_database, replicas
from servers import wait_until

from benchmarks.faults.wire import Trouble
from bot.replica import COURIER, INTAKE, ROLES

SOON_S = 10.0
"""Within which another replica must have taken over."""


@pytest.fixture(scope="module")
def three(postgresql_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicated]:
    with (
        empty_database(postgresql_url, "replicas") as database,
        replicas(3, database, tmp_path_factory.mktemp, "socket") as running,
    ):
        yield running


def test_the_roles_are_shared(three: Replicated) -> None:
    def shared() -> bool:
        return sorted(len(three.roles(bot)) for bot in three.bots) == [1, 1, 1]

    wait_until(shared, "the roles are not shared", seconds=AGAIN_S)
    assert sorted(role for bot in three.bots for role in three.roles(bot)) == sorted(ROLES)


def test_alerts_at_all_of_them_are_one_incident_with_one_card(three: Replicated) -> None:
    names = ("HighErrorRate", "SlowRequests", "PodNotReady")
    for name, bot in [*zip(names, three.bots, strict=True)] * 2:
        three.send(bot, name)
    card = three.card("3 firing of 3")
    ben, ada = (three.playground.client(name) for name in ("ben", "ada"))
    with ThreadPoolExecutor(2) as pool:
        clicks = [pool.submit(who.click, card, "Acknowledge") for who in (ben, ada)]
        for click in clicks:
            click.result()
    card = three.card("acknowledged by")
    wait_until(lambda: any("acknowledged" in t for t in three.told(card)), "nobody is told")
    assert sum(text.count("acknowledged") for text in three.told(card)) == 1


def test_a_stopped_one_and_a_cut_off_one_are_replaced_and_come_back(three: Replicated) -> None:
    stopped, cut_off = three.holder(INTAKE), three.holder(COURIER)
    (left,) = (b for b in three.bots if b not in (stopped, cut_off))
    three.send(stopped, "DiskFull", "QueueGrows")
    stopped.tell(signal.SIGSTOP)
    cut_off.wire.trouble(Trouble.CUT)
    began = monotonic()
    three.send(left, "OutOfMemory")
    for role in ROLES:
        assert three.holder(role, left) is left
    assert monotonic() - began < SOON_S
    assert three.roles(cut_off) == []
    three.card("6 firing of 6")

    cut_off.wire.mend()
    stopped.tell(signal.SIGCONT)
    for bot in (stopped, cut_off):
        wait_until(partial(three.has_any, bot), "it is not back", seconds=AGAIN_S)
    three.send(stopped, "CertificateExpires")
    three.send(cut_off, "ThreadsExhausted")
    three.card("8 firing of 8")


def test_a_killed_one_is_replaced_and_nothing_is_posted_twice(three: Replicated) -> None:
    killed = three.holder(INTAKE)
    others = tuple(bot for bot in three.bots if bot is not killed)
    three.send(killed, "CacheMisses")
    killed.end(signal.SIGKILL)
    began = monotonic()
    three.send(others[0], "ReplicationLags")
    three.holder(INTAKE, *others)
    assert monotonic() - began < SOON_S
    told = three.told(three.card("10 firing of 10"))
    assert sum(text.count("acknowledged") for text in told) == 1


def test_one_that_leaves_hands_over_at_once(three: Replicated) -> None:
    alive = [bot for bot in three.bots if bot.is_alive()]
    leaving = three.holder(INTAKE, *alive)
    (left,) = (bot for bot in alive if bot is not leaving)
    leaving.end(signal.SIGTERM)
    for role in ROLES:
        assert three.holder(role, left) is left
    three.send(left, "ClockSkew")
    three.card("11 firing of 11")
