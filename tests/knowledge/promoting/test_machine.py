"""Never two champions' worth of effect, never an unauthorised move, never a lost decision."""

from hypothesis import HealthCheck, settings

from tests.knowledge.promoting.machine import PromotionMachine

TestPromotion = PromotionMachine.TestCase
TestPromotion.settings = settings(
    max_examples=150,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
