from knowledge.catalogue import Catalogue
from knowledge.correlation.links import Links, Relation

SHOP = Catalogue.from_topology({"edges": [["web", "cart"], ["cart", "redis"], ["web", "search"]]})


def test_neighbours_come_with_their_closest_relation_itself_first() -> None:
    near = Links(SHOP, 100).near("cart")
    assert near[0] == ("cart", Relation.SAME)
    assert dict(near) == {
        "cart": Relation.SAME,
        "redis": Relation.CALLS,
        "web": Relation.CALLED,
    }
    assert dict(Links(SHOP, 100).near("web"))["redis"] is Relation.CALLS_FAR


def test_no_more_neighbours_than_bearable() -> None:
    hub = Catalogue.from_topology({"edges": [[f"s{n}", "db"] for n in range(1000)]})
    assert len(Links(hub, 50).near("db")) == 50


def test_a_peer_named_by_an_alert_is_a_call() -> None:
    links = Links(Catalogue(), 100)
    assert links.blind
    assert links.degrees("cart") == (0, 0)
    links.learn_call("cart", "redis")
    assert dict(links.near("cart"))["redis"] is Relation.CALLS
    assert dict(links.near("redis"))["cart"] is Relation.CALLED
    assert links.degrees("redis") == (1, 0)


def test_what_fails_together_again_and_again_is_linked() -> None:
    links = Links(Catalogue(), 100)
    links.learn_together(["a", "b"], 0.0)
    links.learn_together(["a", "b"], 3600.0)
    assert "b" not in dict(links.near("a"))
    for n in range(2, 5):
        links.learn_together(["b", "a"], 3600.0 * n)
    assert dict(links.near("a"))["b"] is Relation.TOGETHER
    assert dict(links.near("b"))["a"] is Relation.TOGETHER


def test_what_failed_together_long_ago_is_forgotten() -> None:
    links = Links(Catalogue(), 100)
    for n in range(10):
        links.learn_together(["a", "b"], 60 * 86_400.0 * n)
    assert "b" not in dict(links.near("a"))
