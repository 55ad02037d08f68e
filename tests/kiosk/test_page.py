"""The page in the distribution's Chromium: what it shows, how it is used, and for whom. One browser, one server."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from scenes import BOOKLET, CRAMP, SKILL, WORDS, Talk, forgotten_at, scenes
from served import SMALL, TALL, Box, browser

from voice_skill.conversation.state import WARNING_S
from voice_skill.events import DeviceLost
from voice_skill.kiosk.server import serve
from voice_skill.kiosk.view import hearing, saying

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

SCENES = scenes()
MM = 5.2  # CSS pixels on the screen with the finest pixels, a 7 inch one of 800 x 480
TOUCH_PX = 20 * MM
SIZES = {"small": SMALL, "tall": TALL, "desk": (1280, 1024)}
ZOOMED = {"small": (400, 240), "tall": (540, 960), "desk": (640, 512)}  # what 200 % leaves of them
THEMES = ("light", "dark", "high")
AXE = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag2aaa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
LOOK = Path(__file__).with_name("look.js").read_text()


@pytest.fixture(scope="module")
def chromium():
    with browser() as chromium:
        yield chromium


@pytest.fixture(scope="module")
def served():
    box = Box(SCENES["idle"])
    with serve(box.app, 0) as box.address:
        yield box


@pytest.fixture
def box(served):
    served.show(SCENES["idle"])
    served.pressed.clear()
    return served


@pytest.fixture
def page(chromium, box):
    with Opened(chromium, box.address) as page:
        yield page


class Opened:
    """A page of its own, in a browser profile of its own; whatever goes wrong in it fails the test."""

    def __init__(self, chromium, address, size=SMALL, **options):
        self._context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, **options)
        self._address = address
        self._faults = []

    def __enter__(self):
        page = self._context.new_page()
        page.on("pageerror", lambda error: self._faults.append(str(error)))
        page.on("console", self._note)
        page.goto(self._address)
        page.evaluate(LOOK)
        page.wait_for_selector("#topics button", state="attached")
        return page

    def __exit__(self, *_):
        self._context.close()
        assert not self._faults

    def _note(self, message):
        refused = "ERR_CONNECTION_REFUSED" in message.text or "ERR_INCOMPLETE" in message.text
        if message.type == "error" and not refused:
            self._faults.append(message.text)


def show(box, page, view):
    """Put a view up and wait until it is drawn."""
    mark = f"{time.monotonic_ns()}"
    box.show(replace(view, rate=int(mark[-9:])))
    page.wait_for_function("mark => document.querySelector('#rate b').textContent === mark", arg=str(int(mark[-9:])))


# --- what it shows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENES)
def test_each_state_is_a_word_and_an_icon_and_a_colour(box, page, name):
    view = SCENES[name]
    show(box, page, view)
    assert page.inner_text("#state") == WORDS.states[view.state].text
    assert page.get_attribute("#state use", "href") == f"#icon-{view.state}"
    assert page.locator("#state .icon").is_visible()
    assert page.locator("#call").inner_text() == "Emergency? Call 911"
    assert page.locator("#alarm").is_visible() == (view.alarm is not None)
    assert page.locator("#step").is_visible() == (view.step is not None)
    assert page.locator("#notice").is_visible() == bool(view.notice)
    assert page.locator("#leaving").is_visible() == (view.ends_at_s is not None)


@pytest.mark.parametrize(
    "lost",
    [DeviceLost("microphone"), DeviceLost("microphone", "muted"), DeviceLost("speaker"), DeviceLost("voice")],
    ids=lambda lost: f"{lost.device}-{lost.how}",
)
def test_each_fault_is_shown_beside_the_steps(box, page, lost):
    view = Talk().spoken().says(CRAMP).spoken().on(lost).spoken().view
    show(box, page, view)
    assert page.inner_text("#notice") == " ".join(
        prompt.text for prompt in SKILL.replies.own(f"{lost.device}-{lost.how}")
    )
    assert page.inner_text("#state") == WORDS.states["mic-off" if lost.device == "microphone" else "error"].text
    assert page.inner_text("#step .text") == view.step.text


def test_idle_says_how_to_begin(page):
    shown = page.inner_text("main")
    for words in ("Tell me what hurts.", CRAMP, "If it keeps coming back, ask your doctor.", "voice-skill"):
        assert words in shown


def test_words_so_far_are_grey_then_black(box, page):
    show(box, page, hearing(SCENES["idle"], "my toes are"))
    grey = page.eval_on_selector("#heard .words", "element => getComputedStyle(element).color")
    show(box, page, SCENES["speaking"])
    assert page.inner_text("#heard p") == f"I heard: {CRAMP}"
    assert page.eval_on_selector("#heard .words", "element => getComputedStyle(element).color") != grey


def test_captions_follow_the_voice(box, page):
    talk = Talk().spoken().says(CRAMP)
    for sentence in talk.sentences:
        show(box, page, saying(talk.view, sentence))
        assert page.text_content("#caption") == sentence
        marked = page.locator(".now").all_inner_texts()
        assert marked == ([sentence] if sentence in (talk.view.step.text, *talk.view.step.cautions) else [])


def test_a_change_is_seen_within_100_ms(box, page):
    """The best of five: one slow moment of a busy machine says nothing about the design."""
    page.evaluate(
        """() => { window.seen = {}; new MutationObserver(() => {
        const caption = document.querySelector('#caption').textContent;
        window.seen[caption] ??= Date.now() / 1000; }).observe(document.body, {subtree: true, childList: true}); }"""
    )
    waits = []
    for number in range(5):
        changed = time.time()
        box.show(saying(SCENES["speaking"], f"sentence {number}"))
        page.wait_for_function("key => key in window.seen", arg=f"sentence {number}")
        waits.append(page.evaluate("key => window.seen[key]", f"sentence {number}") - changed)
    assert min(waits) < 0.1, waits


def test_a_reload_in_mid_speech_shows_the_right_state_within_a_second(box, page):
    """The best of three: one slow moment of a busy machine says nothing about the design."""
    show(box, page, SCENES["speaking"])
    waits = []
    for _ in range(3):
        began = time.monotonic()
        page.reload(wait_until="commit")
        page.wait_for_function("() => document.body.dataset.state === 'speaking'")
        waits.append(time.monotonic() - began)
    assert min(waits) <= 1.0, waits
    assert page.inner_text("#step .text") == SCENES["speaking"].step.text


def test_the_step_card_has_its_drawing_and_says_what_it_shows(box, page):
    show(box, page, SCENES["speaking"])
    assert page.inner_text("#step .place") == "Step 1 of 4."
    drawing = page.get_by_role("img", name="Pull your toes up toward your shin.")
    assert drawing.is_visible()
    show(box, page, Talk().spoken().presses("topic:causes").view)
    assert page.locator("#step .drawing").is_hidden()


def test_the_emergency_number_is_25_mm_high(box, page):
    show(box, page, SCENES["emergency"])
    assert page.inner_text("#alarm .number") == "911"
    assert page.evaluate("() => look.capital('#alarm .number')") >= 25 * MM
    assert page.inner_text("#alarm .sentence") == "Call 911 now, or get someone near you to call."


def test_the_timer_counts_by_itself(box, page):
    show(box, page, SCENES["timer"])
    first = page.inner_text("#timer b")
    page.wait_for_function("first => document.querySelector('#timer b').textContent !== first", arg=first)
    minutes, seconds = map(int, page.inner_text("#timer b").split(":"))
    assert 60 * minutes + seconds == pytest.approx(time.monotonic() - SCENES["timer"].timer_since_s, abs=3)


def test_before_a_visit_ends_the_page_says_so_and_more_time_keeps_it(box, page):
    talk = forgotten_at(time.monotonic())
    show(box, page, talk.spoken(1).view)
    seconds = "() => Number(document.querySelector('#leaving b').textContent)"
    assert page.inner_text("#leaving").startswith("I forget our talk in")
    assert "To keep it, say more time." in page.inner_text("#leaving")
    assert page.evaluate(seconds) in (WARNING_S - 1, WARNING_S)
    assert page.text_content("#caption") == talk.sentences[0]  # told politely, once
    assert page.get_attribute("#caption", "class") == "unseen"
    show(box, page, talk.spoken().view)
    page.wait_for_function(f"() => ({seconds})() <= {WARNING_S - 2}")
    assert page.get_attribute("#leaving b", "role") == "timer"  # a number that nobody is read out each second
    page.get_by_role("button", name="More time").click()
    _until(lambda: box.pressed == ["more-time"], box.pressed)
    show(box, page, talk.presses("more-time").spoken().view)
    assert page.locator("#leaving").is_hidden()
    assert page.evaluate("() => document.activeElement.id") == "talk"
    assert page.inner_text("#step .text") == talk.view.step.text
    assert CRAMP in page.inner_text("#log")


# --- what it does -----------------------------------------------------------------------------------------------------


def test_every_button_reaches_the_assistant(box, page):
    for scene in ("speaking", "timer", "question", "yes-no", "emergency", "warning"):
        show(box, page, SCENES[scene])
        for button in page.locator("[data-press]:visible").all():
            wanted = button.get_attribute("data-press")
            with page.expect_response("**/press") as answer:
                button.click()
            assert answer.value.status == 204
            assert box.pressed[-1] == wanted


def test_all_that_can_be_said_can_be_pressed(box, page):
    """Goodbye ends a visit by voice; by hand, one walks away or starts over."""
    names = set()
    for scene in ("speaking", "timer", "yes-no"):
        show(box, page, SCENES[scene])
        names |= {button.get_attribute("data-press") for button in page.locator("[data-press]").all()}
    commands = {command.id for command in SKILL.content.commands.commands} - {"goodbye"}
    assert commands <= names
    assert {f"topic:{entry}" for entry in SKILL.replies.entries} <= names
    assert {"relieved", "still-hurts", "start-timer", "stop-timer", "read-article", "more-time"} <= names


def test_a_topic_is_chosen_from_the_list(box, page):
    page.get_by_role("button", name="Topics").click()
    page.get_by_role("button", name="Shoes").click()
    page.wait_for_function("() => document.querySelector('#topics').hidden")
    assert box.pressed == ["topic:footwear"]
    assert page.evaluate("() => document.activeElement.textContent.trim()") == "Topics"


def test_it_can_be_used_with_the_keyboard_alone(box, page):
    show(box, page, SCENES["idle"])
    focused = "() => document.activeElement.textContent.trim()"
    assert page.evaluate(focused) == "Talk"
    order = []
    for _ in range(6):
        page.keyboard.press("Tab")
        order.append(page.evaluate(focused))
    assert order == ["Back", "Repeat", "Next", "Stop", "Topics", "Settings"]
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    assert page.locator("#topics").is_visible()
    for _ in range(5):
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")  # a switch that sends a space is a Talk button
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    last = list(SKILL.replies.entries)[-1]
    page.wait_for_function("() => document.querySelector('#topics').hidden")
    _until(lambda: box.pressed == ["talk", f"topic:{last}"], box.pressed)


def _until(condition, told):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, told
        time.sleep(0.01)


@pytest.mark.parametrize("theme", THEMES)
def test_the_focus_is_seen(box, page, theme):
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    page.keyboard.press("Tab")
    width, style = page.evaluate(
        "() => { const s = getComputedStyle(document.activeElement); return [s.outlineWidth, s.outlineStyle] }"
    )
    assert (float(width.removesuffix("px")) >= 3, style) == (True, "solid")


def test_the_order_of_focus_is_the_order_on_the_screen(box, page):
    show(box, page, SCENES["speaking"])
    page.locator("button:visible").first.focus()
    corners = []
    for _ in page.locator("button:visible").all():
        corners.append(
            tuple(
                page.evaluate(
                    "() => { const at = document.activeElement.getBoundingClientRect();"
                    " return [at.top + scrollY, at.left] }"
                )
            )
        )
        page.keyboard.press("Tab")
    assert len(set(corners)) == 11
    assert corners[1:4] == sorted(corners[1:4])
    assert corners[4:] == sorted(corners[4:])


def test_size_and_colours_can_be_chosen_and_last_for_the_visit(box, page):
    show(box, page, SCENES["speaking"])
    before = page.evaluate("() => look.capital('#step .text')")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Text size").click()
    page.get_by_role("button", name="Contrast").click()
    assert page.evaluate("() => look.capital('#step .text')") > 1.2 * before
    page.reload()
    page.wait_for_selector("[data-size='2'][data-theme='dark']")
    show(box, page, SCENES["speaking"])
    show(box, page, Talk().spoken().says(CRAMP).spoken().presses("goodbye").view)
    page.wait_for_selector("[data-size='1'][data-theme='light']")


# --- for everybody ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_cut_off(chromium, box, size):
    with Opened(chromium, box.address, SIZES[size]) as page:
        for name, view in SCENES.items():
            show(box, page, view)
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name
            assert page.evaluate("() => look.cutOff()") == [], name
            assert page.evaluate("() => look.overlaps()") == [], name
            assert page.evaluate("least => look.small(least)", TOUCH_PX) == [], name
        for panel in ("Topics", "Settings"):
            page.get_by_role("button", name=panel).click()
            assert page.evaluate("() => look.cutOff()") == [], panel
            assert page.evaluate("least => look.small(least)", TOUCH_PX) == [], panel


@pytest.mark.parametrize("size", ZOOMED)
@pytest.mark.parametrize("text", ["1", "4"])
def test_twice_as_big_nothing_is_lost(chromium, box, size, text):
    """At 200 % zoom, and with text at 200 % on top of it: no sideways scrolling, and everything can be scrolled to."""
    with Opened(chromium, box.address, ZOOMED[size], device_scale_factor=2) as page:
        page.evaluate("text => { document.documentElement.dataset.size = text }", text)
        for name, view in SCENES.items():
            show(box, page, view)
            assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), name
            assert page.evaluate("() => look.cutOff()") == [], name
            assert page.evaluate("least => look.small(least)", 24) == [], name
        page.locator("nav button").last.scroll_into_view_if_needed()
        page.get_by_role("button", name="Settings").click()
        assert page.locator("#settings").is_visible()


@pytest.mark.parametrize("theme", THEMES)
def test_every_text_stands_out_and_axe_finds_nothing(box, page, theme):
    page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
    for name, view in SCENES.items():
        show(box, page, view)
        assert page.evaluate("() => look.faint(7)") == [], name
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    for panel in ("Topics", "Settings"):
        page.get_by_role("button", name=panel).click()
        assert page.evaluate("() => look.faint(7)") == [], panel
        assert Axe().run(page, options=AXE).violations_count == 0, panel


def test_text_is_big_enough_for_the_distance(box, page):
    """4.8 mm of a capital letter and more, on a 7 inch screen."""
    show(box, page, SCENES["refused"])
    assert page.evaluate("() => look.capital('#caption')") >= 4.8 * MM
    show(box, page, SCENES["warning"])
    assert page.evaluate("() => look.capital('#leaving p')") >= 4.8 * MM
    show(box, page, SCENES["speaking"])
    assert page.evaluate("() => look.capital('#step .text')") >= 4.8 * MM


def test_captions_are_told_politely_and_only_an_emergency_at_once(page):
    assert page.get_attribute("#caption", "aria-live") == "polite"
    assert page.get_attribute("#heard p", "aria-live") == "polite"
    assert page.locator("[role=alert], [aria-live=assertive]").count() == 1
    assert page.get_attribute("#alarm", "role") == "alert"
    assert page.get_attribute("html", "lang") == "en"


def test_nothing_flashes_and_nothing_moves_for_who_wants_stillness(chromium, box):
    moving = """() => document.getAnimations().map(one => one.effect.getTiming().duration)"""
    with Opened(chromium, box.address) as page:
        show(box, page, SCENES["listening"])
        assert all(milliseconds >= 1_000 for milliseconds in page.evaluate(moving))
    with Opened(chromium, box.address, reduced_motion="reduce") as page:
        for view in SCENES.values():
            show(box, page, view)
            assert page.evaluate(moving) == []


# --- when the voice is gone -------------------------------------------------------------------------------------------


def test_without_the_voice_every_step_can_still_be_read(chromium):
    box = Box(SCENES["speaking"])
    with serve(box.app, 0) as address:
        context = Opened(chromium, address)
        page = context.__enter__()
        page.evaluate("() => navigator.serviceWorker.ready")
        page.wait_for_function("async () => (await (await caches.open('kiosk')).keys()).length >= 10")
        box.board.close()
    _read_by_hand(page)
    page.reload()
    _read_by_hand(page)
    page.evaluate(LOOK)
    assert page.evaluate("() => look.faint(7)") == []
    assert Axe().run(page, options=AXE).violations_count == 0
    back = Box(SCENES["waiting"])
    with serve(back.app, int(address.rsplit(":", 1)[1].rstrip("/"))):
        page.wait_for_function("() => document.body.dataset.state === 'waiting'", timeout=20_000)
        assert page.locator("#notice").is_hidden()
        assert page.inner_text("#step .text") == SCENES["waiting"].step.text
        page.get_by_role("button", name="Next").click()
        _until(lambda: back.pressed == ["next"], back.pressed)
        context.__exit__()
        back.board.close()


def _read_by_hand(page):
    """The page says that the voice has stopped; each step of an entry can be opened, and the number is in view."""
    page.wait_for_function(
        "down => document.querySelector('#notice').textContent === down", arg=BOOKLET.word("texts.down")
    )
    assert page.locator("#call").is_visible()
    assert page.get_by_role("button", name="Talk").get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Topics").click()
    page.get_by_role("button", name="A warm pack").click()
    steps = SKILL.replies.entries["heat"].steps
    for at, step in enumerate(steps):
        assert page.inner_text("#step .text") == step.text
        assert page.inner_text("#step .place") == f"Step {at + 1} of {len(steps)}."
        page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Back").click()
    assert page.inner_text("#step .text") == steps[-2].text
