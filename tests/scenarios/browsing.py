"""People at the playground's page in headless Chromium: opening it, reading cards, pressing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PATIENCE_MS = 30_000

needs_chromium = [
    pytest.mark.chromium,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="chromium is not installed (apt-get install)"),
]


@contextmanager
def headless_chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=QUIET, timeout=2 * PATIENCE_MS
        )
        yield chromium
        chromium.close()


class Visits:
    """Opens the page as someone, each in a browser context of their own."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._url = url

    def __call__(self, who: str, channel: str) -> Page:
        """The page once its stream is up."""
        context = self._browser.new_context(viewport={"width": 1280, "height": 1000})
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        page.goto(f"{self._url}/?as={who}&channel={channel}")
        expect(page.get_by_test_id("connection")).to_have_attribute("data-connected", "true")
        return page


@contextmanager
def visits(browser: Browser, url: str) -> Iterator[Visits]:
    """Every page that was opened inside the block is closed at its end."""
    expect.set_options(timeout=PATIENCE_MS)
    yield Visits(browser, url)
    for context in browser.contexts:
        context.close()
    expect.set_options(timeout=5_000)


def newest(page: Page, text: str) -> Locator:
    return page.get_by_test_id("message").filter(has_text=text).last


def press(message: Locator, name: str) -> None:
    message.get_by_role("button", name=name, exact=True).click()


def say(page: Page, text: str) -> None:
    page.get_by_test_id("composer-input").fill(text)
    page.get_by_test_id("send").click()


def see_picture(page: Page, message: Locator) -> None:
    """Wait for its last picture: wide only once the browser has fetched and decoded it."""
    picture = message.get_by_role("img").last
    expect(picture).to_be_visible()
    page.wait_for_function("image => image.naturalWidth > 100", arg=picture.element_handle())
