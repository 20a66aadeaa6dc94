from knowledge.catalogue import Catalogue
from knowledge.causes.alerts import Landscape, Level


def test_a_catalogue_becomes_a_landscape_with_what_alerts_name_beside_it() -> None:
    catalogue = Catalogue.from_topology(
        {
            "edges": [["shop", "cart"]],
            "pods": [{"pod": "cart-0", "service": "cart", "node": "n1", "cluster": "eu"}],
        }
    )
    landscape = Landscape.from_catalogue(catalogue, [("mail", "mail-x", "n2"), ("cart", "", "")])
    assert landscape.levels == {
        "shop": Level.SERVICE,
        "cart": Level.SERVICE,
        "mail": Level.SERVICE,
        "cart-0": Level.POD,
        "mail-x": Level.POD,
        "n1": Level.NODE,
        "n2": Level.NODE,
    }
    assert landscape.pods_of == {"cart": ("cart-0",), "mail": ("mail-x",)}
    assert landscape.node_of["mail-x"] == "n2"
    assert landscape.callees == {"shop": frozenset({"cart"})}
    assert landscape.sizes == {"service": 3, "pod": 2, "node": 2}


def test_a_pod_is_at_home_at_its_service(landscape: Landscape) -> None:
    assert landscape.home("cart-1") == "cart"
    assert landscape.home("n1") == "n1"
    assert "n1" not in landscape.by_lower
