from knowledge.adapters.memory.store import MemoryStore
from knowledge.catalogue import Catalogue
from knowledge.incidents import open_from
from knowledge.records import AlertRecord, Signal
from skills.incident_show import Args, skill
from skills.testing import NOON, context


def test_the_card_with_what_the_history_and_the_catalogue_know() -> None:
    store = MemoryStore()
    fires = Signal("f", "Down", NOON, NOON, service="cart")
    store.incidents.open(open_from((fires,), NOON))
    store.alerts.record([AlertRecord(fires, NOON, 4, "INC-1")])
    catalogue = Catalogue(frozenset({"cart"}), teams={"cart": "shop"})
    ctx = context(incidents=store.incidents, alerts=store.alerts, catalogue=catalogue)
    reply = skill.run(ctx, Args(incident="1"))
    assert reply.title == "INC-1 · cart: Down"
    assert reply.fields["Alerts"] == "1 firing of 1; sent again 3 times"
    assert reply.fields["Service"] == "cart (team shop)"
