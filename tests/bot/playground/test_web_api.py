"""The Web API through slack_sdk's own client."""

from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.playground.client import ActError
from bot.playground.serve import RunningPlayground
from bot.playground.workspace import Room

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (640).to_bytes(4) + (480).to_bytes(4) + b"\x08\x02"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*hello*"}}


def refusal(call: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(SlackApiError) as raised:
        call(**arguments)
    answer = raised.value.response.data
    assert isinstance(answer, dict)
    return answer


def test_tokens(alone: RunningPlayground) -> None:
    assert WebClient(alone.bot_token, base_url=alone.api_url).auth_test()["user"] == "tandem"
    wrong = WebClient("xoxb-wrong", base_url=alone.api_url)
    assert refusal(wrong.auth_test)["error"] == "invalid_auth"
    assert refusal(WebClient(base_url=alone.api_url).auth_test)["error"] == "not_authed"
    app = WebClient(alone.app_token, base_url=alone.api_url)
    assert refusal(app.auth_test)["error"] == "not_allowed_token_type"
    bot = WebClient(alone.bot_token, base_url=alone.api_url)
    opened = refusal(bot.apps_connections_open, app_token=alone.bot_token)
    assert opened["error"] == "not_allowed_token_type"


async def test_the_async_client_works_too(alone: RunningPlayground) -> None:
    client = AsyncWebClient(alone.bot_token, base_url=alone.api_url)
    posted = await client.chat_postMessage(channel="#general", text="async", blocks=[SECTION])
    assert posted["message"]["bot_id"]
    assert posted["message"]["blocks"][0]["block_id"]


def test_unknown_methods(web: WebClient) -> None:
    assert refusal(web.api_call, api_method="admin.users.list")["error"] == "unknown_method"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0NOTTHERE", "text": "x"}, "channel_not_found"),
        ({"channel": "#general", "text": ""}, "no_text"),
        ({"channel": "#general", "text": "x" * 40_001}, "msg_too_long"),
        ({"channel": "#general", "text": "x", "thread_ts": "1.000000"}, "thread_not_found"),
        ({"channel": "#general", "text": "x", "blocks": "not json"}, "invalid_blocks_format"),
        ({"channel": "#general", "blocks": [{"type": "nope"}], "text": "x"}, "invalid_blocks"),
        ({"channel": "#general", "text": "x", "metadata": {"a": 1}}, "invalid_metadata_schema"),
    ],
)
@pytest.mark.filterwarnings("ignore:The top-level `text` argument is missing:UserWarning")
def test_refused_messages(web: WebClient, arguments: dict[str, Any], error: str) -> None:
    assert refusal(web.chat_postMessage, **arguments)["error"] == error


def test_invalid_blocks_say_where(web: WebClient) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    answer = refusal(web.chat_postMessage, channel="#general", text="x", blocks=blocks)
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]


def test_text_without_blocks_removes_the_blocks(web: WebClient) -> None:
    posted = web.chat_postMessage(channel="#general", text="x", blocks=[SECTION])
    place = {"channel": posted["channel"], "ts": posted["ts"]}
    assert web.chat_update(**place, text="y", blocks=[SECTION])["message"]["blocks"]
    after = web.chat_update(**place, text="z")["message"]
    assert "blocks" not in after
    assert after["edited"]["user"] == "U0TANDEM00"


def test_only_own_messages_are_changed(alone: RunningPlayground, web: WebClient) -> None:
    ts = alone.client("ada").say("#general", "mine")
    place = {"channel": "C03GENERAL0", "ts": ts}
    assert refusal(web.chat_update, **place, text="x")["error"] == "cant_update_message"
    assert refusal(web.chat_delete, **place)["error"] == "cant_delete_message"
    gone = {**place, "ts": "1.000001"}
    assert refusal(web.chat_update, **gone, text="x")["error"] == "message_not_found"
    by_name = {**place, "channel": "#general"}
    assert refusal(web.chat_update, **by_name, text="x")["error"] == "channel_not_found"


def test_history_replies_and_metadata(web: WebClient) -> None:
    metadata = {"event_type": "card", "event_payload": {"id": "INC-1"}}
    parent = web.chat_postMessage(channel="#ml-models", text="parent", metadata=metadata)
    channel, ts = parent["channel"], parent["ts"]
    reply = web.chat_postMessage(channel=channel, text="reply", thread_ts=ts)
    history = web.conversations_history(channel=channel, include_all_metadata=True, limit=1)
    shown = history["messages"][0]
    assert shown["metadata"] == metadata
    assert (shown["ts"], shown["reply_count"], shown["latest_reply"]) == (ts, 1, reply["ts"])
    assert "metadata" not in web.conversations_history(channel=channel)["messages"][0]
    replies = web.conversations_replies(channel=channel, ts=reply["ts"])["messages"]
    assert [m["text"] for m in replies] == ["parent", "reply"]
    later = web.conversations_history(channel=channel, oldest=ts)["messages"]
    assert ts not in [m["ts"] for m in later]


def test_history_has_pages(web: WebClient) -> None:
    for number in range(3):
        web.chat_postMessage(channel="#ml-models", text=f"page {number}")
    first = web.conversations_history(channel="C02MLMODELS", limit=2)
    assert [m["text"] for m in first["messages"]] == ["page 2", "page 1"]
    cursor = first["response_metadata"]["next_cursor"]
    rest = web.conversations_history(channel="C02MLMODELS", limit=2, cursor=cursor)
    assert rest["messages"][0]["text"] == "page 0"
    wrong = refusal(web.conversations_history, channel="C02MLMODELS", cursor="x")
    assert wrong["error"] == "invalid_cursor"


def test_who_and_where(web: WebClient) -> None:
    names = [c["name"] for c in web.conversations_list()["channels"]]
    assert names == ["incidents", "ml-models", "general"]
    assert web.conversations_info(channel="C01INCIDENT")["channel"]["is_member"] is True
    members = web.conversations_members(channel="C01INCIDENT")["members"]
    assert len(members) == len(web.users_list()["members"]) == 6
    assert web.users_info(user=members[0])["user"]["name"] == "ada"
    assert refusal(web.users_info, user="U404")["error"] == "user_not_found"
    assert web.team_info()["team"]["name"] == "Northwind Parcel"
    assert web.bots_info(bot="B0PLAYGRND")["bot"]["user_id"] == "U0TANDEM00"


def test_groups_and_who_is_in_them(alone: RunningPlayground, web: WebClient) -> None:
    listed = web.usergroups_list()["usergroups"]
    assert [(g["handle"], g["is_usergroup"]) for g in listed] == [("sre", True), ("ml-leads", True)]
    assert "users" not in listed[0]
    leads = listed[1]["id"]
    assert web.usergroups_users_list(usergroup=leads)["users"] == ["U04DEV00000"]
    ada = alone.client("ada")
    assert ada.group("@ml-leads", add=["ada"], enabled=False) == ["U04DEV00000", "U01ADA00000"]
    assert refusal(web.usergroups_users_list, usergroup=leads)["error"] == "no_such_subteam"
    assert refusal(web.usergroups_users_list, usergroup="S404")["error"] == "no_such_subteam"
    assert len(web.usergroups_users_list(usergroup=leads, include_disabled=True)["users"]) == 2
    assert [g["handle"] for g in web.usergroups_list()["usergroups"]] == ["sre"]
    everything = web.usergroups_list(include_users=True, include_count=True, include_disabled=True)
    (sre, disabled) = everything["usergroups"]
    assert (sre["users"], sre["user_count"]) == (["U01ADA00000", "U02BEN00000"], 2)
    assert disabled["date_delete"] > 0
    assert ada.group("ml-leads", remove=["dev"], enabled=True) == ["U01ADA00000"]
    assert ada.state()["groups"][1] == {
        "id": leads,
        "handle": "ml-leads",
        "members": ["U01ADA00000"],
        "enabled": True,
    }
    with pytest.raises(ActError, match="group_not_found"):
        ada.group("nobody")
    with pytest.raises(ActError, match="user_not_found"):
        ada.group("sre", add=["zoe"])


def test_a_channel_is_made_and_people_are_invited(alone: RunningPlayground, web: WebClient) -> None:
    ids = {u.name: u.id for u in alone.playground.workspace.users.values()}
    made = web.conversations_create(name="inc-12-checkout")["channel"]
    assert (made["name"], made["is_member"], made["num_members"]) == ("inc-12-checkout", True, 1)
    web.conversations_invite(channel=made["id"], users=[ids["ada"], ids["ben"]])
    topic = web.conversations_setTopic(channel=made["id"], topic="SEV1 · 5xx")
    assert topic["channel"]["topic"]["value"] == "SEV1 · 5xx"
    web.chat_postMessage(channel=made["id"], text="hello")
    assert [m.text for m in alone.client("ada").read("#inc-12-checkout")] == ["hello"]
    seen = alone.client("chloe").get("/play/state")["channels"]
    assert made["id"] not in {c["id"] for c in seen}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("incidents", "name_taken"),
        ("Inc 12", "invalid_name_specials"),
        ("x" * 81, "invalid_name_maxlength"),
        ("", "invalid_name_required"),
    ],
)
def test_refused_names_of_channels(web: WebClient, name: str, error: str) -> None:
    assert refusal(web.conversations_create, name=name)["error"] == error


def test_refused_invitations(alone: RunningPlayground, web: WebClient) -> None:
    ids = {u.name: u.id for u in alone.playground.workspace.users.values()}
    made = web.conversations_create(name="inc-13")["channel"]["id"]

    def refused(users: str) -> str:
        return str(refusal(web.conversations_invite, channel=made, users=users)["error"])

    web.conversations_invite(channel=made, users=ids["ada"])
    assert refused(ids["ada"]) == "already_in_channel"
    assert refused("U404") == "user_not_found"
    assert refused("") == "no_user"
    assert refused(ids["tandem"]) == "cant_invite_self"
    long = refusal(web.conversations_setTopic, channel=made, topic="x" * 251)
    assert long["error"] == "too_long"


def test_direct_messages(alone: RunningPlayground, web: WebClient) -> None:
    channel = web.conversations_open(users=["U02BEN00000"])["channel"]["id"]
    assert web.chat_postMessage(channel="U02BEN00000", text="for ben")["channel"] == channel
    assert alone.client("ben").read(channel)[-1].text == "for ben"


def test_ephemerals_stay_out_of_history(alone: RunningPlayground, web: WebClient) -> None:
    sent = web.chat_postEphemeral(channel="#general", user="U01ADA00000", text="psst")
    assert alone.client("ada").wait_for("psst", "#general").ephemeral
    history = web.conversations_history(channel="C03GENERAL0")["messages"]
    assert sent["message_ts"] not in [m["ts"] for m in history]
    place = {"channel": "C03GENERAL0", "ts": sent["message_ts"]}
    assert refusal(web.chat_update, **place, text="x")["error"] == "message_not_found"


def test_reactions(web: WebClient) -> None:
    posted = web.chat_postMessage(channel="#general", text="react")
    place = {"channel": posted["channel"], "timestamp": posted["ts"]}
    web.reactions_add(**place, name="eyes")
    assert refusal(web.reactions_add, **place, name="eyes")["error"] == "already_reacted"
    assert web.reactions_get(**place)["message"]["reactions"][0]["count"] == 1
    web.reactions_remove(**place, name="eyes")
    assert refusal(web.reactions_remove, **place, name="eyes")["error"] == "no_reaction"


def test_a_permalink_opens_the_page(web: WebClient) -> None:
    posted = web.chat_postMessage(channel="#general", text="link")
    link = web.chat_getPermalink(channel=posted["channel"], message_ts=posted["ts"])["permalink"]
    assert link.endswith(f"/archives/C03GENERAL0/p{posted['ts'].replace('.', '')}")


def test_an_upload_is_shown_in_its_thread(alone: RunningPlayground, web: WebClient) -> None:
    parent = web.chat_postMessage(channel="#ml-models", text="drift")
    web.files_upload_v2(
        channel=parent["channel"],
        thread_ts=parent["ts"],
        content=PNG,
        filename="drift.png",
        title="Drift of fraud",
        initial_comment="see",
    )
    ada = alone.client("ada")
    shown = ada.thread(parent["channel"], parent["ts"])[-1]
    assert shown.files[0]["title"] == "Drift of fraud"
    assert (shown.files[0]["width"], shown.files[0]["height"]) == (640, 480)
    assert ada.download(shown.images[0]) == PNG


def test_an_upload_is_used_in_a_block(alone: RunningPlayground, web: WebClient) -> None:
    started = web.files_getUploadURLExternal(filename="a.png", length=len(PNG))
    block = {"type": "image", "alt_text": "a", "slack_file": {"id": started["file_id"]}}
    early = refusal(web.chat_postMessage, channel="#general", text="x", blocks=[block])
    assert early["error"] == "invalid_blocks"
    short = httpx.post(started["upload_url"], content=PNG[:-1], trust_env=False)
    assert short.status_code == 400
    assert httpx.post(started["upload_url"], content=PNG, trust_env=False).status_code == 200
    again = httpx.post(started["upload_url"], content=PNG, trust_env=False)
    assert again.status_code == 404
    web.files_completeUploadExternal(files=[{"id": started["file_id"], "title": "a"}])
    web.chat_postMessage(channel="#general", text="picture", blocks=[block])
    ada = alone.client("ada")
    shown = ada.wait_for(lambda m: bool(m.images), "#general")
    assert ada.download(shown.images[0]) == PNG


def test_files_that_are_no_pictures_are_downloads(alone: RunningPlayground, web: WebClient) -> None:
    web.files_upload_v2(channel="C03GENERAL0", content="<script>", filename="a.html")
    file = alone.client("ada").read("#general")[-1].files[0]
    answer = httpx.get(f"{alone.url}{file['url']}", trust_env=False)
    assert answer.headers["content-disposition"] == "attachment"
    assert answer.headers["content-type"] == "application/octet-stream"


def test_too_many_messages_are_429_with_the_time_to_wait() -> None:
    with RunningPlayground(clock=lambda: 1_800_000_000.0) as playground:
        web = WebClient(playground.bot_token, base_url=playground.api_url)
        for number in range(5):
            # One channel, however it is named.
            web.chat_postMessage(channel=("#general", "C03GENERAL0")[number % 2], text="x")
        with pytest.raises(SlackApiError) as raised:
            web.chat_postMessage(channel="#general", text="x")
        assert raised.value.response.status_code == 429
        assert raised.value.response.headers["Retry-After"] == "1"
        assert raised.value.response["error"] == "ratelimited"
        assert web.chat_postMessage(channel="#incidents", text="x")["ok"]


MANIFEST = {
    "features": {
        "bot_user": {"display_name": "tandem"},
        "slash_commands": [{"command": "/help", "description": "Help", "should_escape": True}],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write"]}},
    "settings": {"event_subscriptions": {"bot_events": ["app_mention"]}},
}


def test_scopes_come_from_the_manifest() -> None:
    with RunningPlayground(manifest=MANIFEST) as playground:
        web = WebClient(playground.bot_token, base_url=playground.api_url)
        assert web.chat_postMessage(channel="#general", text="x")["ok"]
        answer = refusal(web.reactions_add, channel="C1", timestamp="1", name="eyes")
        assert (answer["error"], answer["needed"]) == ("missing_scope", "reactions:write")
        state = playground.client("ada").state()
        assert [c["command"] for c in state["commands"]] == ["/help"]


def test_a_bot_outside_a_channel_cannot_post() -> None:
    with RunningPlayground(rooms=(Room("private", bot=False),)) as playground:
        web = WebClient(playground.bot_token, base_url=playground.api_url)
        assert refusal(web.chat_postMessage, channel="#private", text="x")["error"] == (
            "not_in_channel"
        )
        web.conversations_join(channel=web.conversations_list()["channels"][0]["id"])
        assert web.chat_postMessage(channel="#private", text="x")["ok"]
