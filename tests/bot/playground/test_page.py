"""The page in a real browser, with a real Bolt app behind the playground."""

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Route,
    WebSocketRoute,
    expect,
    sync_playwright,
)
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.playground.manifest import Manifest, Shortcut
from bot.playground.playground import Playground
from bot.playground.serve import RunningPlayground

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE_MS = 20_000
"""A busy machine shows things late."""

pytestmark = [
    pytest.mark.chromium,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Debian's chromium is not installed"),
]

Json = dict[str, Any]


def words(text: str) -> Json:
    return {"type": "plain_text", "text": text}


MODAL: Json = {
    "type": "modal",
    "callback_id": "note",
    "title": words("Add a note"),
    "submit": words("Save"),
    "blocks": [
        {
            "type": "input",
            "block_id": "why",
            "label": words("Note"),
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}
CONFIRM: Json = {
    "title": words("Roll back?"),
    "text": words("Version 3 goes live again."),
    "confirm": words("Roll back"),
    "deny": words("Keep"),
    "style": "danger",
}
BUTTON: Json = {
    "type": "button",
    "text": words("Roll back fraud"),
    "action_id": "rollback",
    "style": "danger",
    "confirm": CONFIRM,
}
CELLS = [["model", "AUC"], ["fraud", "0.91"]]
TABLE: Json = {
    "type": "table",
    "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in CELLS],
}


def picture() -> bytes:
    """A small PNG, 4 x 3 pixels of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    size = struct.pack(">IIBBBBB", 4, 3, 8, 2, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x30\x80\xc0" * 4) * 3)
    head = b"\x89PNG\r\n\x1a\n"
    return head + chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def add_listeners(app: App) -> None:
    """What the tests want an app to do."""

    @app.event("app_mention")
    def mentioned(event: Json, say: Any) -> None:
        say(text="two incidents are open", thread_ts=event.get("thread_ts"))

    @app.command("/card")
    def card(ack: Any, client: WebClient, body: Json) -> None:
        ack()
        blocks = [{"type": "actions", "elements": [BUTTON]}]
        client.chat_postMessage(channel=body["channel_id"], text="fraud 4 is live", blocks=blocks)

    @app.command("/whisper")
    def whisper(ack: Any) -> None:
        ack("for your eyes")

    @app.command("/note")
    def note(ack: Any, client: WebClient, body: Json) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.command("/plot")
    def plot(ack: Any, client: WebClient, body: Json) -> None:
        ack()
        client.files_upload_v2(
            channel=body["channel_id"], content=picture(), filename="drift.png", title="amount"
        )

    @app.command("/export")
    def export(ack: Any, client: WebClient, body: Json) -> None:
        ack()
        client.files_upload_v2(
            channel=body["channel_id"], content="# INC-12", filename="INC-12.md", title="Time line"
        )

    @app.message_shortcut("keep")
    def keep(ack: Any, client: WebClient, body: Json) -> None:
        ack()
        text = f"kept: {body['message']['text'].upper()}"
        client.chat_postMessage(channel=body["channel"]["id"], text=text)

    @app.command("/table")
    def table(ack: Any, client: WebClient, body: Json) -> None:
        ack()
        client.chat_postMessage(channel=body["channel_id"], text="models", blocks=[TABLE])

    @app.action("rollback")
    def rollback(ack: Any, respond: Any, body: Json) -> None:
        ack()
        respond(f"rolled back by {body['user']['username']}", replace_original=True)

    @app.view("note")
    def saved(ack: Any, client: WebClient, body: Json, view: Json) -> None:
        text = view["state"]["values"]["why"]["text"]["value"]
        if len(text) < 5:
            ack(response_action="errors", errors={"why": "Say a little more."})
            return
        ack()
        client.chat_postMessage(channel="#general", text=f"noted: {text}")

    @app.event("message")
    @app.event("app_home_opened")
    def unheard() -> None:
        """Only acknowledged."""


@pytest.fixture(scope="module")
def playground() -> Iterator[RunningPlayground]:
    made = Playground(rate_scale=None)
    made.manifest = Manifest(shortcuts=(Shortcut("Keep this", "keep", "message"),))
    with RunningPlayground(made) as running:
        client = WebClient(running.bot_token, base_url=running.api_url)
        app = App(client=client, token_verification_enabled=False)
        add_listeners(app)
        handler: Any = SocketModeHandler(app, running.app_token, web_client=client)
        handler.connect()
        yield running
        handler.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        expect.set_options(timeout=PATIENCE_MS)
        yield chromium
        expect.set_options(timeout=5_000)
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    fresh = browser.new_context(viewport={"width": 1280, "height": 800})
    yield fresh
    fresh.close()


def visit(context: BrowserContext, at: RunningPlayground, who: str, channel: str) -> Page:
    """The page as `who`, once its stream is up."""
    page = context.new_page()
    page.goto(f"{at.url}/?as={who}&channel={channel}")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-connected", "true")
    return page


def say(page: Page, text: str) -> None:
    page.get_by_test_id("composer-input").fill(text)
    page.get_by_test_id("send").click()


def newest(page: Page, text: str) -> Any:
    return page.get_by_test_id("message").filter(has_text=text).last


def test_a_mention_is_answered_in_the_channel(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "general")
    say(page, "@tandem what is open?")
    expect(newest(page, "what is open?")).to_contain_text("@tandem")
    expect(newest(page, "two incidents are open")).to_contain_text("APP")


def test_a_group_is_mentioned_by_its_handle(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "general")
    page.get_by_test_id("composer-input").press_sequentially("@ml")
    expect(page.get_by_test_id("suggestions")).to_contain_text("@ml-leads")
    page.get_by_test_id("composer-input").fill("")
    say(page, "@ml-leads @sre please look")
    said = newest(page, "please look")
    expect(said).to_contain_text("@ml-leads @sre please look")
    expect(said.locator(".mention-me")).to_have_text("@sre")


def test_a_button_asks_first_and_then_acts(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "ml-models")
    say(page, "/card")
    page.get_by_role("button", name="Roll back fraud").click()
    expect(page.get_by_test_id("confirm-dialog")).to_contain_text("Version 3 goes live again.")
    page.get_by_test_id("confirm-deny").click()
    expect(page.get_by_role("button", name="Roll back fraud")).to_be_visible()
    page.get_by_role("button", name="Roll back fraud").click()
    page.get_by_test_id("confirm-ok").click()
    expect(newest(page, "rolled back by ada")).to_be_visible()
    expect(page.get_by_role("button", name="Roll back fraud")).to_have_count(0)


def test_a_modal_shows_errors_beside_the_field_until_it_is_right(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "general")
    say(page, "/note")
    modal = page.get_by_test_id("modal")
    field = modal.get_by_role("textbox", name="Note")
    expect(field).to_be_focused()
    page.get_by_test_id("modal-submit").click()
    expect(modal.get_by_test_id("input-error")).to_contain_text("required")
    field.fill("hm")
    page.get_by_test_id("modal-submit").click()
    expect(modal.get_by_test_id("input-error")).to_contain_text("Say a little more.")
    field.fill("disk replaced")
    page.get_by_test_id("modal-submit").click()
    expect(modal).to_have_count(0)
    expect(newest(page, "noted: disk replaced")).to_be_visible()


def test_a_late_answer_about_open_modals_does_not_undo_what_the_stream_said(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = context.new_page()
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route(re.compile("/play/views"), hold)
    page.goto(f"{playground.url}/?as=ada&channel=general")
    expect(page.get_by_test_id("connection")).to_have_attribute("data-connected", "true")
    say(page, "/note")
    page.get_by_test_id("modal-submit").click()
    error = page.get_by_test_id("modal").get_by_test_id("input-error")
    expect(error).to_contain_text("required")
    with page.expect_response(re.compile("/play/views")):
        asked[0].continue_()
    field = page.get_by_test_id("modal").get_by_role("textbox", name="Note")
    expect(field).to_be_visible()
    page.wait_for_function("() => new Promise((done) => requestAnimationFrame(() => done(true)))")
    expect(error).to_contain_text("required")
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("modal")).to_have_count(0)


def test_escape_closes_a_modal(context: BrowserContext, playground: RunningPlayground) -> None:
    page = visit(context, playground, "ada", "general")
    say(page, "/note")
    expect(page.get_by_test_id("modal")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("modal")).to_have_count(0)
    expect(page.get_by_test_id("composer-input")).to_be_visible()


def test_a_picture_is_shown_and_enlarged(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "ml-models")
    say(page, "/plot")
    image = page.get_by_test_id("picture").last.get_by_role("img")
    expect(image).to_be_visible()
    expect(image).to_have_js_property("naturalWidth", 4)
    page.get_by_test_id("picture").last.click()
    expect(page.get_by_test_id("lightbox")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("lightbox")).to_have_count(0)


def test_a_file_that_is_no_picture_is_a_download(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "ml-models")
    say(page, "/export")
    link = page.get_by_test_id("file").last
    expect(link).to_contain_text("Time line")
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "INC-12.md"
    assert download.value.path().read_text() == "# INC-12"


def test_a_message_has_a_menu_of_the_apps_shortcuts(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "general")
    say(page, "the vendor called")
    newest(page, "the vendor called").hover()
    page.get_by_test_id("message-more").click()
    page.get_by_role("menuitem", name="Keep this").click()
    expect(newest(page, "kept: THE VENDOR CALLED")).to_be_visible()


def test_a_pushpin_is_one_press_away_and_can_be_taken_back(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "general")
    say(page, "worth remembering")
    message = newest(page, "worth remembering")
    message.hover()
    message.get_by_role("button", name="React with pushpin").click()
    pushpin = message.locator("[data-reaction=pushpin]")
    expect(pushpin).to_contain_text("1")
    pushpin.click()
    expect(pushpin).to_have_count(0)


def test_two_times_of_day_are_no_emoji(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "general")
    playground.client("ben").say("#general", "from 14:20\nto 15:40:30 :eyes:")
    message = newest(page, "from 14:20")
    expect(message).to_contain_text("14:20")
    expect(message).to_contain_text("to 15:40:30 👀")


def test_a_table_is_drawn(context: BrowserContext, playground: RunningPlayground) -> None:
    page = visit(context, playground, "ada", "ml-models")
    say(page, "/table")
    expect(page.get_by_role("cell", name="0.91").last).to_be_visible()


def test_an_ephemeral_is_seen_by_one_person_only(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    ada = visit(context, playground, "ada", "incidents")
    ben = visit(context, playground, "ben", "incidents")
    say(ada, "/whisper")
    expect(newest(ada, "for your eyes").get_by_test_id("only-you")).to_be_visible()
    say(ada, "that was for me")
    expect(newest(ben, "that was for me")).to_be_visible()
    expect(newest(ben, "for your eyes")).to_have_count(0)


def test_switching_the_user_changes_who_speaks(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "general")
    page.get_by_test_id("user-switcher").click()
    page.get_by_test_id("act-as-chloe").click()
    expect(page).to_have_url(re.compile(r"as=chloe&channel=general"))
    say(page, "chloe was here")
    expect(newest(page, "chloe was here")).to_contain_text("Chloe Marchetti")


def test_replies_go_to_the_thread(context: BrowserContext, playground: RunningPlayground) -> None:
    page = visit(context, playground, "ada", "general")
    say(page, "who restarted it?")
    newest(page, "who restarted it?").hover()
    page.get_by_test_id("reply-in-thread").click()
    page.get_by_test_id("thread-composer-input").fill("I did")
    page.get_by_test_id("thread-send").click()
    expect(page.get_by_test_id("thread")).to_contain_text("I did")
    expect(newest(page, "who restarted it?")).to_be_visible()
    expect(page.get_by_test_id("thread-link").last).to_contain_text("1 reply")


def test_a_command_in_a_thread_is_refused_with_slacks_hint(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "ada", "general")
    say(page, "a thread for commands")
    newest(page, "a thread for commands").hover()
    page.get_by_test_id("reply-in-thread").click()
    page.get_by_test_id("thread-composer-input").fill("/note")
    page.get_by_test_id("thread-send").click()
    expect(page.get_by_test_id("composer-hint")).to_contain_text("not supported in threads")


def test_after_a_dropped_stream_the_page_catches_up(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = context.new_page()
    sockets: list[WebSocketRoute] = []

    def pass_on(route: WebSocketRoute) -> None:
        route.connect_to_server()
        sockets.append(route)

    page.route_web_socket(re.compile("/play/stream"), pass_on)
    page.goto(f"{playground.url}/?as=ada&channel=incidents")
    say(page, "before the drop")
    expect(newest(page, "before the drop")).to_be_visible()
    sockets[-1].close()
    playground.client("ben").say("#incidents", "said while you were away")
    expect(newest(page, "said while you were away")).to_be_visible()
    playground.client("ben").say("#incidents", "and now live again")
    expect(newest(page, "and now live again")).to_be_visible()


def test_the_page_asks_nobody_outside(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{playground.url}/?as=ada&channel=general")
    expect(page.get_by_test_id("composer-input")).to_be_visible()
    outside = [url for url in asked if not url.startswith((playground.url, "data:"))]
    assert outside == []


def test_an_unknown_user_in_the_address_falls_back_to_a_known_one(
    context: BrowserContext, playground: RunningPlayground
) -> None:
    page = visit(context, playground, "nobody", "general")
    expect(page.get_by_test_id("user-switcher")).to_contain_text("Ada Osei")
