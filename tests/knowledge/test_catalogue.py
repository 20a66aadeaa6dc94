from pathlib import Path
from typing import Any

import pytest

from knowledge.catalogue import Catalogue, Pod
from knowledge.errors import BadArgs, UserError

TOPOLOGY: dict[str, Any] = {
    "clusters": ["eu"],
    "edges": [["web", "checkout"], ["checkout", "cart"], ["checkout", "payment"], ["cart", "db"]],
    "owners": {"cart": "shop"},
    "namespaces": {"cart": "data"},
    "pods": [
        {"cluster": "eu", "service": "cart", "pod": "cart-1", "node": "n1"},
        {"cluster": "eu", "service": "search", "pod": "search-1", "node": "n1"},
        {"cluster": "eu", "service": "cart", "pod": "cart-2", "node": "n2"},
    ],
    "zones": {"n1": "a"},
}
HAND_WRITTEN = """
[services.checkout]
calls = ["cart", "payment"]
team = "shop"
namespace = "front"
aliases = ["basket"]

[nodes.n1]
zone = "a"

[pods.cart-0]
service = "cart"
node = "n1"
cluster = "eu"
"""


def test_reads_a_topology() -> None:
    catalogue = Catalogue.from_topology(TOPOLOGY)
    assert catalogue.services == {"web", "checkout", "cart", "payment", "db", "search"}
    assert catalogue.callers("cart") == {"checkout"}
    assert catalogue.callees("checkout") == {"cart", "payment"}
    assert catalogue.team("cart") == "shop"
    assert catalogue.team("web") == ""
    assert catalogue.pods["cart-1"] == Pod("cart", "n1", "eu")
    assert catalogue.nodes == {"n1": "a", "n2": ""}
    assert catalogue.services_on("n1") == {"cart", "search"}
    assert catalogue.nodes_of("cart") == {"n1", "n2"}
    assert catalogue.cluster_of("n2") == "eu"


def test_hops_go_down_the_calls_only() -> None:
    catalogue = Catalogue.from_topology(TOPOLOGY)
    assert catalogue.hops("web", "db") == 3
    assert catalogue.hops("db", "web") is None
    assert catalogue.hops("db", "db") == 0


def test_impact_is_who_depends_on_it_nearest_first() -> None:
    catalogue = Catalogue.from_topology(TOPOLOGY)
    assert catalogue.impact("db") == ("cart", "checkout", "web")
    assert catalogue.impact("web") == ()


def test_circles_of_calls_end() -> None:
    catalogue = Catalogue.from_topology({"edges": [["a", "b"], ["b", "a"]]})
    assert catalogue.impact("a") == ("b",)


@pytest.mark.parametrize("name", ["cart", "CART", "cart-svc", "cart_service", "Cart-Service"])
def test_finds_a_service_however_it_is_written(name: str) -> None:
    assert Catalogue.from_topology(TOPOLOGY).canonical(name) == "cart"


def test_an_exact_name_comes_before_a_stem() -> None:
    catalogue = Catalogue(services=frozenset({"cart", "cart-service"}))
    assert catalogue.canonical("cart-service") == "cart-service"
    assert catalogue.canonical("nobody") == ""


@pytest.mark.parametrize(
    ("topology", "field"),
    [
        ({"edges": {}}, "edges"),
        ({"edges": [["a", "b"], ["a"]]}, "edges[1]"),
        ({"pods": [{"service": "a"}]}, "pods[0].pod"),
        ({"pods": [7]}, "pods[0]"),
        ({"pods": [{"pod": "p", "node": 7}]}, "pods[0].node"),
        ({"zones": {"n1": 7}}, "zones.n1"),
        ({"owners": []}, "owners"),
        ({"services": [7]}, "services"),
        ([], "topology"),
    ],
)
def test_a_mistake_in_a_topology_is_named(topology: Any, field: str) -> None:
    with pytest.raises(BadArgs) as caught:
        Catalogue.from_topology(topology)
    assert caught.value.field == field


def test_reads_what_somebody_wrote_by_hand() -> None:
    catalogue = Catalogue.from_toml(HAND_WRITTEN)
    assert catalogue.services == {"checkout", "cart", "payment"}
    assert catalogue.callers("payment") == {"checkout"}
    assert catalogue.team("checkout") == "shop"
    assert catalogue.namespaces == {"checkout": "front"}
    assert catalogue.canonical("basket") == "checkout"
    assert catalogue.zone("n1") == "a"
    assert catalogue.pods == {"cart-0": Pod("cart", "n1", "eu")}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("x = [", "catalogue"),
        ("[service.a]", "service"),
        ("[services.a]\ncals = []", "services.a.cals"),
        ("[services.a]\ncalls = 'b'", "services.a.calls"),
        ("[services.a]\nteam = 7", "services.a.team"),
        ("[services]\na = 1", "services.a"),
        ("[nodes.n]\nzones = 'a'", "nodes.n.zones"),
        ("[pods.p]\nnode = 'n'", "pods.p.service"),
        ("services = 1", "services"),
    ],
)
def test_a_mistake_by_hand_is_named(text: str, field: str) -> None:
    with pytest.raises(BadArgs) as caught:
        Catalogue.from_toml(text)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("name", "text", "services"),
    [
        ("c.toml", "[services.a]\ncalls = ['b']", {"a", "b"}),
        ("c.json", '{"services": {"a": {"calls": ["b"]}}}', {"a", "b"}),
        ("c.json", '{"edges": [["a", "b"]]}', {"a", "b"}),
        ("c.json", '{"services": ["a"]}', {"a"}),
    ],
)
def test_reads_a_file_by_its_suffix(
    tmp_path: Path, name: str, text: str, services: set[str]
) -> None:
    (tmp_path / name).write_text(text)
    assert Catalogue.read(tmp_path / name).services == services


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("c.yaml", "", "Use .toml or .json"),
        ("c", "", "no suffix"),
        ("c.json", "{", "not JSON"),
        ("c.toml", "[services.a]\nteam = 7", "services.a.team"),
    ],
)
def test_a_bad_file_is_named_with_the_remedy(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError) as caught:
        Catalogue.read(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert says in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        Catalogue.read(tmp_path / "none.toml")
