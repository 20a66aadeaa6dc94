from datetime import UTC, datetime

from knowledge.correlation.groups import Group, Member
from knowledge.correlation.subject import Subject
from knowledge.correlation.teaching import STRENGTH, Lessons
from knowledge.records import Lesson, Teaching
from tests.knowledge.correlation.conftest import Alerts

NOW = datetime(2026, 3, 5, tzinfo=UTC)
ONE, OTHER = ("Batch", "cart"), ("Errors", "redis")


def lesson(teaching: Teaching) -> Lesson:
    return Lesson(NOW, "U1", teaching, ONE, OTHER)


def group(*signs: tuple[str, str]) -> Group:
    found = Group(1)
    found.signs = dict.fromkeys(signs, 1)
    return found


def member(alerts: Alerts, name: str = "Batch", service: str = "cart") -> Member:
    return Member(alerts(name, service, 0), Subject(service=service), 0, 0)


def test_a_lesson_holds_for_its_pair_either_way_round(alerts: Alerts) -> None:
    lessons = Lessons([lesson(Teaching.NOT_RELATED)])
    assert lessons.between(member(alerts), group(OTHER)) == -STRENGTH
    assert lessons.between(member(alerts, *OTHER), group(ONE)) == -STRENGTH
    assert lessons.between(member(alerts), group(("Errors", "web"))) == 0
    assert lessons.between(member(alerts, "Other"), group(OTHER)) == 0


def test_said_again_it_counts_more_and_unsaid_no_longer(alerts: Alerts) -> None:
    lessons = Lessons([lesson(Teaching.SAME_INCIDENT)])
    once = lessons.between(member(alerts), group(OTHER))
    lessons.add(lesson(Teaching.SAME_INCIDENT))
    assert lessons.between(member(alerts), group(OTHER)) > once > 0
    lessons.add(lesson(Teaching.NOT_RELATED))
    lessons.add(lesson(Teaching.NOT_RELATED))
    assert lessons.between(member(alerts), group(OTHER)) == 0
