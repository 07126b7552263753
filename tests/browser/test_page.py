"""The page of a diff in a real browser: Debian's Chromium, driven by Playwright.

Matrix: opening, each filter, search, unfolding, every key, the switch of colours, links, printing, and no
script at all; light and dark, wide and narrow; accessibility as axe-core judges it (WCAG 2 A and AA, which
is where contrast is measured); hostile names; 10,000 changes. The diffs are made by hand (diff_samples).
Left out: other browsers; how it looks, which people judge.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import diff_samples
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from sro_render.diff.records import Diff
from sro_render.edges.page_assets import page_assets
from sro_render.review.diff_html import html_report

WIDE = (1400, 1000)
NARROW = (360, 740)


@dataclass
class Opened:
    """A page that is open, and what it did besides showing itself."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def shown(self) -> list[str]:
        """The changes that are not filtered out, by their object."""
        return self.page.locator(".change:visible .object").all_inner_texts()

    def status(self) -> str:
        return self.page.locator("#shown").inner_text()

    def focused(self) -> str | None:
        """The change in which the focus is."""
        found: str | None = self.page.evaluate("document.activeElement.closest('.change')?.id")
        return found


Open = Callable[..., Opened]


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    contexts = []

    def opened(
        diff: Diff, *, size: tuple[int, int] = WIDE, colours: str = "light", script: bool = True
    ) -> Opened:
        file = tmp_path / "page.html"
        file.write_text(html_report(diff, page_assets()), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if colours == "dark" else "light",
            reduced_motion="reduce",
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        made = Opened(page=page)
        page.on("console", lambda message: made.complaints.append(message.text))
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        page.on("dialog", lambda dialog: made.complaints.append(dialog.message))
        url = file.as_uri()

        def note(route: Route) -> None:
            if route.request.url != url:
                made.requests.append(route.request.url)
            route.continue_()

        page.route("**/*", note)
        page.goto(url)
        return made

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("diff", [diff_samples.upgrade, diff_samples.hostile])
def test_it_opens_without_complaint_or_request(open_page: Open, diff: Callable[[], Diff]) -> None:
    opened = open_page(diff())
    opened.page.wait_for_timeout(200)
    assert (opened.complaints, opened.requests) == ([], [])


def test_it_has_a_title_and_landmarks(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade()).page
    assert page.title() == "lab: 1 node without driver, 1 added, 6 changed, 1 removed, 1 rolled over"
    for role in ("banner", "navigation", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1
    assert page.get_by_role("heading", level=1).inner_text() == "What changes in lab"
    regions = page.locator("main > section").evaluate_all("all => all.map(each => each.id)")
    assert regions == ["summary", "matrix", "graph", "changes"]


def test_nodes_that_lose_a_driver_are_seen_before_anything_is_scrolled(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade(), size=NARROW).page
    heading = page.get_by_role("heading", name="1 node would lose a driver")
    box = heading.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < NARROW[1]
    assert "w1" in page.locator("#losses li").inner_text()


FILTERS = [
    ("#filter-r", "orion", 7),
    ("#filter-r", "nfd", 0),
    ("#filter-s", "2000-driver", 2),
    ("#filter-k", diff_samples.REAL_TIME, 1),
    ("#filter-k", diff_samples.OLD, 2),
    ("#filter-k", "(once)", 4),
    ("#filter-o", "ConfigMap", 1),
    ("#filter-c", "rolled over", 1),
    ("#filter-c", "added", 1),
]


@pytest.mark.parametrize(("selector", "choice", "number"), FILTERS)
def test_a_filter_leaves_what_it_names(open_page: Open, selector: str, choice: str, number: int) -> None:
    opened = open_page(diff_samples.upgrade())
    opened.page.locator(selector).select_option(label=choice)
    assert len(opened.shown()) == number
    assert opened.status() == f"{number} of 7 changes shown"
    # A heading over nothing is gone too.
    assert opened.page.locator(".group:visible").count() <= number


def test_filters_add_up_and_clear_takes_them_back(open_page: Open) -> None:
    opened = open_page(diff_samples.upgrade())
    opened.page.locator("#filter-s").select_option(label="2000-driver")
    opened.page.locator("#filter-c").select_option(label="removed")
    assert opened.shown() == ["DaemonSet/orion-system/orion-driver"]
    opened.page.get_by_role("button", name="Clear").click()
    expect(opened.page.locator("#shown")).to_have_text("7 of 7 changes shown")
    assert len(opened.shown()) == 7


def test_marked_only_leaves_what_has_marks(open_page: Open) -> None:
    opened = open_page(diff_samples.upgrade())
    opened.page.get_by_label("marked only").check()
    assert opened.status() == "4 of 7 changes shown"
    assert opened.page.locator(".change:visible > details > summary:not(:has(.mark))").count() == 0


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("licence", 1),
        ("DRIVER:2.5.0", 1),
        ("device-plugin start.sh", 1),
        (diff_samples.HASHES[diff_samples.REAL_TIME], 1),  # one of the kernels that a change is folded over
        ("no such thing", 0),
    ],
)
def test_search_finds_in_all_of_a_change_even_while_it_is_folded(
    open_page: Open, words: str, number: int
) -> None:
    opened = open_page(diff_samples.upgrade())
    opened.page.locator("#search").fill(words)
    expect(opened.page.locator("#shown")).to_have_text(f"{number} of 7 changes shown")
    assert len(opened.shown()) == number


def test_a_change_unfolds_to_both_sides_and_its_kernels(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade()).page
    change = page.locator("#c2")
    assert not change.locator(".field").first.is_visible()
    change.locator("summary").first.click()
    image = change.locator(".field").first
    assert image.locator(".path").inner_text() == "spec.template.spec.containers[name=driver].image"
    assert image.locator(".old pre").inner_text() == "registry.example.com/orion/driver:2.4.1"
    assert image.locator(".new pre").inner_text() == "registry.example.com/orion/driver:2.5.0"
    assert (image.locator("del").inner_text(), image.locator("ins").inner_text()) == ("4.1", "5.0")
    old, new = image.locator(".old").bounding_box(), image.locator(".new").bounding_box()
    assert old is not None
    assert new is not None
    assert old["y"] == new["y"]
    assert old["x"] < new["x"]
    change.get_by_text("The same in 3 objects").click()
    kernels = change.locator(".kernels li").all_inner_texts()
    assert [re.findall(r"kernel ([^ ,]+)", each) for each in kernels] == [
        [diff_samples.ARM],
        [diff_samples.NEW],
        [diff_samples.REAL_TIME],
    ]


def test_keys_move_and_unfold(open_page: Open) -> None:
    opened = open_page(diff_samples.upgrade())
    press = opened.page.keyboard.press
    seen = []
    for key in ("j", "j", "j", "k"):
        press(key)
        seen.append(opened.focused())
    assert seen == ["c1", "c2", "c3", "c2"]
    press("Enter")
    assert opened.page.locator("#c2 .field").first.is_visible()
    press("Enter")
    assert not opened.page.locator("#c2 .field").first.is_visible()
    press("o")
    assert opened.page.locator(".change > details[open]").count() == 7
    press("o")
    assert opened.page.locator(".change > details[open]").count() == 0


def test_keys_search_and_escape(open_page: Open) -> None:
    opened = open_page(diff_samples.upgrade())
    press = opened.page.keyboard.press
    press("/")
    opened.page.keyboard.type("jk/orion-licence")
    assert opened.page.locator("#search").input_value() == "jk/orion-licence"
    press("Escape")
    assert opened.page.locator("#search").input_value() == ""
    opened.page.keyboard.type("licence")
    press("Enter")
    assert opened.focused() == "c5"
    press("Escape")
    expect(opened.page.locator("#shown")).to_have_text("7 of 7 changes shown")
    press("m")
    assert opened.status() == "4 of 7 changes shown"
    press("m")
    assert opened.status() == "7 of 7 changes shown"


def test_the_help_names_the_keys_and_escape_closes_it(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade()).page
    page.keyboard.press("?")
    help_panel = page.get_by_role("dialog", name="Keys")
    assert help_panel.is_visible()
    assert help_panel.locator("dt").all_inner_texts() == ["j", "k", "Enter", "o", "/", "m", "Escape", "?"]
    page.keyboard.press("Escape")
    assert not help_panel.is_visible()
    page.get_by_role("button", name="Keys").click()
    help_panel.get_by_role("button", name="Close").click()
    assert not help_panel.is_visible()


def test_keys_of_one_character_can_be_turned_off(open_page: Open) -> None:
    opened = open_page(diff_samples.upgrade())
    opened.page.keyboard.press("?")
    opened.page.get_by_label("keys of one character work").uncheck()
    opened.page.keyboard.press("Escape")
    opened.page.keyboard.press("j")
    opened.page.keyboard.press("?")
    assert opened.focused() is None
    assert not opened.page.get_by_role("dialog").is_visible()
    opened.page.reload()
    opened.page.keyboard.press("j")
    assert opened.focused() is None


def test_the_first_tab_offers_to_skip_to_the_summary_and_focus_is_seen(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade()).page
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the summary")
    box = link.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert link.evaluate("each => getComputedStyle(each).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.url.endswith("#summary")


def test_a_cell_of_the_matrix_filters_by_its_place(open_page: Open) -> None:
    opened = open_page(diff_samples.upgrade())
    opened.page.get_by_role("link", name=f"2000-driver, {diff_samples.OLD}").click()
    assert opened.shown() == ["DaemonSet/orion-system/orion-driver"]
    assert opened.focused() == "c3"


def test_a_link_to_a_change_unfolds_it_even_if_it_was_filtered_out(open_page: Open) -> None:
    opened = open_page(diff_samples.upgrade())
    opened.page.locator("#filter-c").select_option(label="added")
    opened.page.get_by_role("link", name="change 3").click()
    expect(opened.page.locator("#c3 .manifest")).to_be_visible()
    assert opened.focused() == "c3"


def test_the_switch_turns_the_colours_over(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade()).page
    ground = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(ground) == "rgb(255, 255, 255)"
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate(ground) == "rgb(20, 23, 26)"
    page.get_by_role("button", name="Dark or light").click()
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_the_system_s_choice_of_dark_is_followed(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade(), colours="dark").page
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("diff", [diff_samples.upgrade, diff_samples.hostile])
def test_only_tables_and_the_graph_scroll_sideways(
    open_page: Open, size: tuple[int, int], diff: Callable[[], Diff]
) -> None:
    page = open_page(diff(), size=size).page
    page.keyboard.press("o")
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("diff", [diff_samples.upgrade, diff_samples.hostile])
def test_axe_finds_no_fault(
    open_page: Open, colours: str, size: tuple[int, int], diff: Callable[[], Diff]
) -> None:
    opened = open_page(diff(), size=size, colours=colours)
    opened.page.keyboard.press("o")
    # What is out of sight is not laid out, and would not be judged.
    opened.page.evaluate(
        "document.querySelectorAll('.change').forEach(each => each.style.contentVisibility = 'visible')"
    )
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(opened.page, options={"runOnly": rules, "resultTypes": ["violations"]})
    faults = [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in found.response["violations"]
    ]
    assert faults == []


def test_a_hostile_name_is_shown_as_text(open_page: Open) -> None:
    opened = open_page(diff_samples.hostile())
    page = opened.page
    page.keyboard.press("o")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    name = page.locator(".change .object").first
    assert (
        name.inner_text().split("/orion")[0].startswith("</script><img src=x onerror=alert(1)>U+202Egnp.exe")
    )
    assert "\u202e" not in page.locator("html").inner_html()
    value = page.locator(".field .new pre").first.inner_text()
    assert value == '"\\u0000</script><img src=x onerror=alert(1)>U+202Egnp.exe"'
    for selector in ("#filter-r", "#filter-s", "#filter-k", "#filter-o"):
        page.locator(selector).select_option(index=1)
    assert opened.status() == "2 of 2 changes shown"
    assert opened.complaints == []


def test_without_script_everything_can_be_read_and_unfolded(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade(), script=False).page
    assert not page.locator("#filters").is_visible()
    assert not page.locator("#theme").is_visible()
    change = page.locator("#c6")
    assert not change.locator(".manifest").is_visible()
    change.locator("summary").first.click()
    assert "widened-rbac" in change.inner_text()
    assert change.locator(".manifest").is_visible()
    assert page.locator("svg.graph").is_visible()
    page.get_by_text("The same as a list").click()
    assert "orion, after nfd" in page.locator("#graph").inner_text()


def test_on_paper_everything_is_unfolded_and_folds_again(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade()).page
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible()
    assert page.locator("#c7 .field").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator("details[open]").count() == 0


def test_without_script_paper_has_everything_too(open_page: Open) -> None:
    page = open_page(diff_samples.upgrade(), script=False).page
    page.emulate_media(media="print")
    assert page.locator("#c7 .field").is_visible()


def test_nothing_that_differs_is_said(open_page: Open) -> None:
    diff = diff_samples.upgrade()
    opened = open_page(Diff(before=diff.before, after=diff.after))
    assert opened.page.title() == "lab: nothing differs"
    assert "Nothing differs." in opened.page.locator("#changes").inner_text()
    opened.page.keyboard.press("?")
    assert opened.complaints == []


def test_ten_thousand_changes_can_be_searched_and_filtered(open_page: Open) -> None:
    opened = open_page(diff_samples.large(10_000))
    page = opened.page
    page.locator("#search").fill("driver-x4711")
    expect(page.locator("#shown")).to_have_text("1 of 10000 changes shown")
    assert opened.shown() == ["DaemonSet/sr-1/driver-x4711"]
    page.keyboard.press("Escape")
    page.get_by_label("marked only").check()
    assert opened.status() == "10 of 10000 changes shown"
    page.keyboard.press("o")
    assert page.locator(".change:visible .field").first.is_visible()
    assert opened.complaints == []


def test_changes_beyond_what_a_page_holds_are_counted(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("changes", "tally"):
        monkeypatch.setattr(f"sro_render.review.page.{module}.MAX_CHANGES", 5)
    page = open_page(diff_samples.upgrade()).page
    assert page.locator("#more").inner_text() == "2 changes more, not on this page. -o json has everything."
    page.get_by_role("link", name="change 6").click()
    assert page.url.endswith("#more")


def test_chromium_is_a_judge_that_ci_does_not_skip(chromium: Path) -> None:
    assert os.access(chromium, os.X_OK)
