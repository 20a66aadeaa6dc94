"""Pure: MLflow's registry webhooks -> what was heard of a champion or of a tag.

{"entity": "model_version_alias", "action": "created", "timestamp": "...", "data": {...}}. An alias
that moves sends "created" alone, with neither the version before nor who did it.
"""

import json
from datetime import datetime

from bot.webhooks.fields import Fields, kind, read_json
from knowledge.errors import BadArgs
from knowledge.promoting.outside import Heard

ALIASES = ("model_version_alias", "prompt_alias")
TAGS = ("model_version_tag", "prompt_version_tag")
OF_PROMPTS = ("prompt_alias", "prompt_version_tag")
PROMPTS = "prompts"
"""The registry of MLflow's prompts among several: "greeting" is known as "prompts.greeting"."""
MOST = 500
"""Characters of a name or a value."""


def read(body: bytes, delivery: str, received_at: datetime) -> Heard | None:
    """None for events that are about neither an alias nor a tag. Raises BadArgs."""
    whole = read_json(body, "MLflow's webhook body")
    if not isinstance(whole, dict):
        raise BadArgs("body", f"{kind(whole)}, not an object", "Send MLflow's webhook body")
    event = Fields(whole)
    entity = event.need("entity", remedy="Send MLflow's webhook body")
    action = event.need("action", remedy="Send MLflow's webhook body")
    if entity not in (*ALIASES, *TAGS):
        return None
    data = event.need_child("data", "Send MLflow's webhook body")
    name = _short(data, "name", data.need("name", remedy="Name the registered model"))
    model = f"{PROMPTS}.{name}" if entity in OF_PROMPTS else name
    # A clock that goes ahead must not put a move into the future.
    at = min(event.moment("timestamp") or received_at, received_at)
    if entity in ALIASES:
        alias = _short(data, "alias", data.need("alias", remedy="Name the alias"))
        version = "" if action == "deleted" else _version(data)
        return Heard(delivery, model, version, at, alias=alias)
    if action != "set":
        return None
    tag = _short(data, "key", data.need("key", remedy="Name the tag"))
    value = _short(data, "value", data.word("value"))
    return Heard(delivery, model, _version(data), at, tag=tag, value=value)


def _version(data: Fields) -> str:
    return _short(data, "version", data.need("version", remedy="Name the version"))


def _short(data: Fields, name: str, text: str) -> str:
    if len(text) > MOST:
        raise BadArgs(data.at(name), f"longer than {MOST} characters", "Shorten it")
    return text


def to_text(heard: Heard) -> str:
    """As it waits in the outbox; `from_text` reads it back to an equal value."""
    return json.dumps({**vars(heard), "at": heard.at.isoformat()})


def from_text(text: str) -> Heard:
    """Raises ValueError, KeyError or TypeError for what `to_text` did not write."""
    values = json.loads(text)
    return Heard(**{**values, "at": datetime.fromisoformat(values["at"])})
