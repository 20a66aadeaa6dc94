"""Several replicas over one set of leases, on a clock of the test's own."""

from dataclasses import dataclass, field
from threading import Event

import pytest

from bot.replica import COURIER, INTAKE, ROLES, SCHEDULE, Alone, Replica, Wish, wish
from knowledge.adapters.memory.leases import MemoryLeases
from knowledge.errors import Unavailable
from knowledge.records import Lease


@dataclass
class Clock:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Wire:
    """The leases as one replica reaches them; it can be cut."""

    leases: MemoryLeases
    is_cut: bool = False

    def take(self, name: str, holder: str, for_s: float) -> int | None:
        return self._reached().take(name, holder, for_s)

    def release(self, name: str, holder: str) -> None:
        self._reached().release(name, holder)

    def held(self) -> list[Lease]:
        return self._reached().held()

    def stands(self, name: str, holder: str, token: int) -> bool:
        return self._reached().stands(name, holder, token)

    def tidy(self) -> int:
        return self._reached().tidy()

    def _reached(self) -> MemoryLeases:
        if self.is_cut:
            raise Unavailable("the database", "connection refused")
        return self.leases


@dataclass
class Several:
    """Replicas that beat in turn, a second apart each."""

    clock: Clock = field(default_factory=Clock)
    leases: MemoryLeases = field(init=False)
    wires: dict[str, Wire] = field(default_factory=dict)
    replicas: dict[str, Replica] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.leases = MemoryLeases(clock=self.clock)

    def add(self, name: str) -> Replica:
        self.wires[name] = Wire(self.leases)
        self.replicas[name] = Replica(self.wires[name], name, clock=self.clock)
        return self.replicas[name]

    def beat(self, seconds: int = 1, *, without: str = "") -> None:
        for _ in range(seconds):
            self.clock.now += 1.0
            for name, replica in self.replicas.items():
                if name != without:
                    replica.beat()

    def roles(self) -> dict[str, list[str]]:
        return {
            name: [role for role in ROLES if replica.holds(role)]
            for name, replica in self.replicas.items()
        }


@pytest.fixture
def several() -> Several:
    return Several()


def lease(name: str, holder: str) -> Lease:
    return Lease(name, holder, 1, 5.0)


def test_the_only_one_takes_all_at_once(several: Several) -> None:
    only = several.add("a")
    only.beat()
    assert several.roles() == {"a": list(ROLES)}
    several.beat(60)
    assert several.roles() == {"a": list(ROLES)}
    assert only.token(INTAKE) == 1


def test_three_share_the_roles(several: Several) -> None:
    several.add("a").beat()
    several.add("b")
    several.add("c")
    several.beat(8)
    assert sorted(map(len, several.roles().values())) == [1, 1, 1]
    assert several.roles()["a"] == [INTAKE]
    before = several.roles()
    several.beat(60)
    assert several.roles() == before


def test_two_share_the_roles_and_leave_it_at_that(several: Several) -> None:
    several.add("a").beat()
    several.add("b")
    several.beat(8)
    assert several.roles() == {"a": [INTAKE, COURIER], "b": [SCHEDULE]}


@pytest.mark.parametrize("others", [1, 2])
def test_what_one_cannot_do_is_passed_on(several: Several, others: int) -> None:
    cannot = several.add("a")
    cannot.beat()
    for name in ("b", "c")[:others]:
        several.add(name)
    several.beat(8)
    (holder,) = [name for name, roles in several.roles().items() if COURIER in roles]
    assert several.replicas[holder].pass_on(COURIER)
    assert not several.replicas[holder].pass_on(COURIER)
    for _ in range(10):
        several.beat(2)
        assert COURIER not in several.roles()[holder]
    assert sorted(role for roles in several.roles().values() for role in roles) == sorted(ROLES)


def test_the_only_one_keeps_what_it_cannot_do(several: Several) -> None:
    only = several.add("a")
    only.beat()
    assert not only.pass_on(COURIER)
    assert several.roles() == {"a": list(ROLES)}


def test_no_role_is_ever_held_twice(several: Several) -> None:
    for name in ("a", "b", "c"):
        several.add(name).beat()
    for second in range(60):
        several.beat(without=("a", "b", "c", "")[second // 10 % 4])
        held = [role for roles in several.roles().values() for role in roles]
        assert len(held) == len(set(held))


def test_who_says_nothing_is_replaced_within_ten_seconds(several: Several) -> None:
    dead = several.add("a")
    dead.beat()
    several.add("b")
    several.beat(9, without="a")
    assert several.roles() == {"a": [], "b": list(ROLES)}
    assert several.replicas["b"].token(INTAKE) == 2


def test_who_was_stopped_knows_it_before_others_begin(several: Several) -> None:
    stopped = several.add("a")
    stopped.beat()
    other = several.add("b")
    for _ in range(10):
        several.beat(without="a")
        assert not (stopped.holds(INTAKE) and other.holds(INTAKE))
    assert other.holds(INTAKE)
    several.beat(8)
    assert sorted(map(len, several.roles().values())) == [1, 2]


def test_who_is_cut_off_holds_nothing_and_comes_back(several: Several) -> None:
    several.add("a").beat()
    several.add("b")
    several.wires["a"].is_cut = True
    several.beat(10)
    assert several.roles() == {"a": [], "b": list(ROLES)}
    several.wires["a"].is_cut = False
    several.beat(8)
    assert several.roles()["a"]


def test_what_is_let_go_is_taken_at_once(several: Several) -> None:
    leaving = several.add("a")
    leaving.beat()
    several.add("b")
    leaving.end(INTAKE)
    assert not leaving.holds(INTAKE)
    several.beat(without="a")
    assert not several.replicas["b"].holds(INTAKE)
    leaving.stop()
    several.beat(without="a")
    assert several.roles() == {"a": [], "b": list(ROLES)}


def test_those_concerned_are_told_in_order(several: Several) -> None:
    one = several.add("a")
    told: list[str] = []
    one.gained = lambda role: told.append(f"+{role}")
    one.lost = lambda role: told.append(f"-{role}")
    one.beat()
    several.clock.now += 20
    one.beat()
    assert one.token(INTAKE) == 2
    one.stop()
    of_intake = [said for said in told if said[1:] == INTAKE]
    assert of_intake == ["+intake", "-intake", "+intake", "-intake"]


def test_the_thread_holds_on_to_what_is_taken() -> None:
    replica = Replica(MemoryLeases(), ttl_s=0.6, renew_s=0.1, beat_s=0.05)
    replica.start()
    token = replica.token(INTAKE)
    Event().wait(1.0)
    assert replica.holds(INTAKE)
    assert replica.token(INTAKE) == token
    replica.stop()
    assert not replica.holds(INTAKE)


def test_alone_is_always_in_charge() -> None:
    alone = Alone()
    alone.start()
    assert all(alone.holds(role) for role in ROLES)
    alone.stop()


@pytest.mark.parametrize(
    ("leases", "wanted"),
    [
        ((), Wish(take=ROLES)),
        ((lease("replica/b", "b"),), Wish((INTAKE,), (COURIER, SCHEDULE))),
        ((lease("intake", "b"), lease("replica/b", "b")), Wish((COURIER, SCHEDULE))),
        (
            (lease("intake", "a"), lease("replica/b", "b")),
            Wish((), (COURIER, SCHEDULE)),
        ),
        (
            (*(lease(role, "a") for role in ROLES), lease("replica/b", "b")),
            Wish(hand_over=SCHEDULE),
        ),
        (
            (
                lease("intake", "a"),
                lease("courier", "a"),
                lease("schedule", "b"),
                lease("replica/b", "b"),
            ),
            Wish(),
        ),
        (tuple(lease(role, "gone") for role in ROLES), Wish()),
    ],
)
def test_what_a_replica_wants(leases: tuple[Lease, ...], wanted: Wish) -> None:
    assert wish(leases, "a") == wanted
