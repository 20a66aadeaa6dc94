from dataclasses import replace
from datetime import UTC, datetime

from knowledge.blame import is_on, with_suspects
from knowledge.incidents import open_from
from knowledge.records import Signal

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def alert(name: str, service: str, severity: str = "warning", **labels: str) -> Signal:
    return Signal(
        f"{name}-{service}", name, NOW, NOW, service=service, severity=severity, labels=labels
    )


BLIP = alert("HighErrorRate", "frontend", "critical")
SLOW = alert("SlowQueries", "postgresql")


def test_an_incident_is_called_after_what_is_at_fault_not_after_the_loudest() -> None:
    incident = open_from((BLIP, SLOW), NOW)
    assert incident.title == "frontend: High error rate"
    blamed = with_suspects(incident, ("postgresql", "frontend"), NOW)
    assert (blamed.title, blamed.service) == ("postgresql: Slow queries", "postgresql")
    assert blamed.suspects == ("postgresql", "frontend")
    # It was called so from the start: nothing to tell.
    assert blamed.timeline == incident.timeline


def test_another_suspect_renames_it_and_the_time_line_says_so() -> None:
    incident = with_suspects(open_from((BLIP, SLOW), NOW), ("frontend",), NOW)
    after = with_suspects(incident, ("postgresql", "frontend"), NOW)
    assert after.title == "postgresql: Slow queries"
    assert after.timeline[-1].text == "probably at fault: postgresql, rather than frontend"


def test_the_same_suspects_or_none_change_nothing() -> None:
    incident = with_suspects(open_from((BLIP, SLOW), NOW), ("frontend", "postgresql"), NOW)
    assert with_suspects(incident, ("frontend", "postgresql"), NOW) is incident
    assert with_suspects(incident, (), NOW) is incident
    reordered = with_suspects(incident, ("frontend",), NOW)
    assert (reordered.title, reordered.timeline) == (incident.title, incident.timeline)


def test_a_suspect_without_an_alert_of_its_own_keeps_the_name() -> None:
    incident = with_suspects(open_from((BLIP,), NOW), ("payment",), NOW)
    assert (incident.title, incident.service) == ("frontend: High error rate", "frontend")
    assert incident.suspects == ("payment",)


def test_a_node_is_found_by_the_labels() -> None:
    down = alert("KubeNodeNotReady", "", "critical", node="eu-node-5")
    assert is_on(down, "eu-node-5")
    blamed = with_suspects(open_from((BLIP, down), NOW), ("eu-node-5",), NOW)
    assert blamed.title == "eu-node-5: Kube node not ready"


def test_only_a_few_suspects_are_kept() -> None:
    incident = replace(open_from((BLIP,), NOW), suspects=())
    assert len(with_suspects(incident, ("a", "b", "c", "d", "e"), NOW).suspects) == 3
