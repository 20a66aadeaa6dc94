"""Every number the correlation is tuned by, with what it assumes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tuning:
    """Times in seconds. The figures are round and their plateaus wide: see docs/decisions/0015."""

    # How trouble spreads: expected alerts on one affected service, and how fast they come.
    same_service: float = 4.0
    """Alerts that follow on the same service."""
    per_caller: float = 1.5
    """Alerts that follow on one caller of an affected service."""
    two_hops: float = 0.4
    to_callee: float = 0.7
    """Alerts on a callee after its caller's: the cause may be noticed later than its effect."""
    complaint: float = 2.0
    """Alerts that name the affected service as their peer."""
    served_model: float = 1.0
    """Findings about a model whose server is in trouble, or the other way round."""
    model_tau: float = 300.0
    model_tail_tau: float = 3600.0
    """Delays between the two: a model is looked at once in a while."""
    same_node: float = 1.0
    """Alerts of one other service on a node that is known to be ill."""
    hint_of_node: float = 0.12
    """The same where one pod alone points at the node."""
    same_zone: float = 0.5
    unmapped_link: float = 1.5
    """On all other services of the cluster together, where no calls are known at all."""
    spread_tau: float = 60.0
    """Mean delay on one service and per hop of calls."""
    early_tau: float = 15.0
    """How much earlier an effect may be noticed than its cause."""
    finding_tau: float = 180.0
    """How much later a monitor of Tandem's own may notice a cause than others notice its effect."""
    tail: float = 0.15
    tail_tau: float = 600.0
    """This part of an incident's alerts comes much later."""
    vigour_trust: float = 2.0
    """For how many alerts these expectations count against what a group did send."""
    vigour_most: float = 1.0
    clock_trust: float = 0.8
    """Probability that a sender's clock is right; else times of arrival are compared."""

    # The background: alerts that come by themselves.
    pace: float = 0.002
    """Expected lone alerts a second on one service, before any were seen."""
    finding_pace: float = 4.0 / 86400.0
    """What Tandem's own monitors find on one service by chance, a second: four a day. It was
    tested, and comes far less often than alerts."""
    model_pace: float = 1.0 / (7 * 86400.0)
    """The same for what they find about one model: one a week."""
    pace_weight: float = 1000.0
    """For how many service-seconds that expectation counts."""
    lone_per_hour: float = 6.0
    """Expected lone alerts an hour everywhere, before any were seen: a system is taken for quiet,
    however large its catalogue is, until it shows otherwise."""
    incidents_per_hour: float = 1.0
    """Expected incidents an hour in one cluster."""
    memory: float = 3600.0
    """What was seen longer ago counts for 1/e in the pace and 1/e^6 in habits of rules."""
    series_per_service: float = 15.0
    """Series an affected service may fire: what one series does alone is held against its share."""
    rule_weight: float = 4.0
    """For how many alerts the words of a rule's name count against its record."""
    noise_lasts: float = 120.0
    """Expected seconds a lone alert fires, before any ended."""

    # Decisions.
    sign_most: float = 3.5
    """One sign speaks for an incident with no more than this, in nats."""
    copy: float = 0.35
    """A further alert of the same rule on the same service counts so much."""
    rule_copy: float = 0.75
    """A further alert of the same rule on another service counts so much: one scan, many hits."""
    one_rule: float = 3.0
    """So much more evidence is asked for where all signs are of one rule."""
    false_cards_per_hour: float = 0.3
    open_least: float = 2.5
    adopt: float = 0.6
    """An alert joins a group when its score is above this."""
    merge: float = 3.0
    sticky: float = 6.0
    """A series that fires again belongs where it was, in nats."""
    sticky_tau: float = 1800.0
    reopen: float = 1800.0
    """So long after the end of an incident its alerts may bring it back."""

    # Bounds of what is kept.
    settle: float = 120.0
    """An alert that is alone for so long counts as lone."""
    patience: float = 300.0
    """So long a waiting alert may be adopted."""
    opened_for: float = 1800.0
    """A place with no alert for so long draws no others into its incident."""
    persist_most: float = 3600.0
    idle: float = 3600.0
    """An open group without news takes no more alerts after this time."""
    keep: float = 6 * 3600.0
    """Instances are known for so long after their last delivery."""
    most_instances: int = 300_000
    most_series: int = 200_000
    most_ends: int = 10_000
    most_near: int = 5
    """Groups considered at one service or place."""
    most_neighbours: int = 200
