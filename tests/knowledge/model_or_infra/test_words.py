from knowledge.model_or_infra import Case, Happened, Kind, Reading, What, assess
from knowledge.model_or_infra.evidence import Side
from knowledge.model_or_infra.weighing import Weighed
from knowledge.model_or_infra.words import (
    headline,
    say_reading,
    say_share,
    say_value,
    say_weighed,
    story,
)
from tests.knowledge.model_or_infra.served import BEGAN, NOW, ago, case


def test_a_reading_is_told_with_its_numbers() -> None:
    slow = Reading(Kind.LATENCY, "latency p99", 1.36, 0.0752, 20, ago(48), True, unit="s")
    assert say_reading(slow, NOW) == (
        "Latency p99: 1.36 s, usually 75.2 ms, since 11:12 UTC (48 min), all at once."
    )
    calm = Reading(Kind.ERRORS, "errors", 0.002, 0.002, 0.1, unit="%")
    assert say_reading(calm, NOW) == "Errors: as usual, 0.2 %."
    drift = Reading(Kind.INPUTS, "drift", 0.4, 0.01, 9, ago(60), False, breadth=0.25)
    assert "25 % of the inputs" in say_reading(drift, NOW)
    assert say_reading(drift, NOW).endswith("slowly.")


def test_an_alert_has_no_numbers() -> None:
    fires = Reading(Kind.GPU, "gpu", None, None, 6.5, ago(5), says="GPU clock throttled fires")
    assert say_reading(fires, NOW) == "GPU clock throttled fires, since 11:55 UTC (5 min)."


def test_values_read_as_people_write_them() -> None:
    assert say_value(0.0042, "%") == "0.42 %"
    assert say_value(0.05, "s") == "50 ms"
    assert say_value(13047.2) == "13,047"
    assert say_value(98.2, "/min") == "98.2/min"


def test_changes_and_their_absence_are_told() -> None:
    moved = Happened(What.ALIAS, ago(30), "eta-model v5 became champion")
    told = Weighed(1.0, Side.MODEL, happened=moved)
    assert say_weighed(told, NOW) == "11:30 UTC: eta-model v5 became champion."
    silent = Weighed(1.0, Side.UNKNOWN, silent=What.DEPLOY)
    assert say_weighed(silent, NOW) == "There was no deploy of its service."


def test_the_headline_says_how_sure_and_the_story_which_cause() -> None:
    verdict = assess(case({Kind.LATENCY: 0.9, Kind.CPU: 0.9, Kind.QUEUE: 40.0, Kind.GPU: 600.0}))
    assert headline(verdict).startswith("Almost certainly the infrastructure (")
    assert [say_share(p) for p in (1.0, 0.874, 0.0)] == ["over 99 %", "87 %", "under 1 %"]
    assert "a GPU is slow or broken" in story(verdict)
    assert headline(assess(Case(NOW, BEGAN))) == "Too little is known to say"
