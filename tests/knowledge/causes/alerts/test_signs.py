from collections.abc import Callable
from datetime import UTC, datetime

from knowledge.catalogue import Catalogue
from knowledge.causes.alerts import Landscape, Level, Sign, Source, landscape_of, read_signals
from knowledge.causes.alerts.signs import blamed_by
from knowledge.records import Signal, SignalKind

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
CATALOGUE = Catalogue.from_topology(
    {
        "edges": [["shop", "cart"]],
        "pods": [{"pod": "cart-0", "service": "cart", "node": "n1", "cluster": "eu"}],
    }
)


def signal(name: str, kind: SignalKind = SignalKind.ALERT, **given: object) -> Signal:
    labels = {k: str(v) for k, v in given.items() if k != "summary"}
    return Signal(
        f"f-{name}", name, NOON, NOON, kind=kind, labels=labels,
        summary=str(given.get("summary", "")),
    )  # fmt: skip


def test_a_live_alert_is_about_the_narrowest_place_it_names() -> None:
    signals = (
        signal("HighCpu", pod="cart-0"),
        signal("SlowCheckout", service="shop", upstream="cart"),
        signal("DiskFull", node="n1"),
        signal("Watchdog", service="prometheus"),
    )
    signs, subjects = read_signals(signals, CATALOGUE)
    assert [(s.component, s.name, s.blames) for s in signs] == [
        ("cart-0", "HighCpu", ()),
        ("shop", "SlowCheckout", ("cart",)),
        ("n1", "DiskFull", ()),
    ]
    assert signs[0].id == "f-HighCpu"
    assert landscape_of(CATALOGUE, subjects).levels["n1"] is Level.NODE


def test_a_finding_about_a_model_is_put_on_the_model_which_needs_its_server() -> None:
    drift = signal("drift", SignalKind.DRIFT, model="fraud", served_by="scorer")
    signs, subjects = read_signals((drift,), Catalogue())
    landscape = landscape_of(Catalogue(), subjects)
    assert signs[0].component == "fraud"
    assert landscape.callees["fraud"] == frozenset({"scorer"})
    assert landscape.levels["scorer"] is Level.SERVICE


def test_texts_name_services_but_not_the_one_that_complains(
    landscape: Landscape, sign: Callable[..., Sign]
) -> None:
    line = "hipster.Cart/GetItems from shop-1 failed, n1 is up"
    assert blamed_by(sign("shop-0", text=line), landscape) == ("cart",)
    assert blamed_by(sign("cart-0", text=line), landscape) == ("shop",)
    dotted = sign("shop-0", text="no route to Cart.prod.svc.")
    assert blamed_by(dotted, landscape) == ("cart",)


def test_calls_from_different_callers_are_different_news(sign: Callable[..., Sign]) -> None:
    one = sign("cart-0", "Get", source=Source.CALL, caller="shop-0")
    other = sign("cart-0", "Get", source=Source.CALL, caller="shop-1")
    assert one.key != other.key
    assert sign("cart-0").key == sign("cart-0", minutes=5).key
