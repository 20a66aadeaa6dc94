import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from knowledge.adapters.sql.group_commit import GroupCommit
from knowledge.errors import Unavailable


class Disk:
    """Writes groups; the first one only once `go` is set, so that others gather meanwhile."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.groups: list[list[int]] = []
        self.writing = threading.Event()
        self.go = threading.Event()

    def write(self, items: Sequence[int]) -> list[int]:
        self.writing.set()
        assert self.go.wait(10)
        self.groups.append(sorted(items))
        if self.error is not None:
            raise self.error
        return [item * 10 for item in items]


def gathered(commits: GroupCommit[int, int]) -> int:
    return len(commits._gathered)


def test_those_who_come_during_a_commit_share_the_next_one() -> None:
    disk = Disk()
    commits = GroupCommit(disk.write)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(commits.put, 0)
        assert disk.writing.wait(10)
        others = [pool.submit(commits.put, n) for n in range(1, 9)]
        while gathered(commits) < 8:
            pass
        disk.go.set()
        assert first.result() == 0
        assert [other.result() for other in others] == [n * 10 for n in range(1, 9)]
    assert disk.groups == [[0], list(range(1, 9))]


@pytest.mark.parametrize("error", [Unavailable("the database", "full", retry=False), OSError("x")])
def test_each_of_a_group_that_failed_is_told_so(error: Exception) -> None:
    disk = Disk(error)
    commits = GroupCommit(disk.write)
    with ThreadPoolExecutor(4) as pool:
        callers = [pool.submit(commits.put, 0)]
        assert disk.writing.wait(10)
        callers += [pool.submit(commits.put, n) for n in range(1, 4)]
        while gathered(commits) < 3:
            pass
        disk.go.set()
        told = [caller.exception() for caller in callers]
    assert [type(one) for one in told] == [type(error)] * 4
    assert {str(one) for one in told} == {str(error)}
    disk.error = None
    assert commits.put(3) == 30


def test_every_item_is_written_once() -> None:
    written: list[int] = []

    def write(items: Sequence[int]) -> Sequence[int]:
        written.extend(items)
        return items

    commits = GroupCommit(write)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(commits.put, range(500))) == list(range(500))
    assert sorted(written) == list(range(500))
