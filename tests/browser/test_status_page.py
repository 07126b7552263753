"""The status page of `sro-apply run` in a real browser, over HTTP as it is served.

Matrix: ready, failing and stale; hostile names; no picture; light and dark, wide and narrow; accessibility as
axe-core judges it (WCAG 2 A and AA, which is where contrast is measured). Left out: other browsers; how it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from sro_apply.planning.picture import Picture, SeenNode, SeenObject, SeenResource, SeenStep
from sro_apply.planning.progress import Status, StepKey
from sro_apply.web.address import Address
from sro_apply.web.board import Board
from sro_apply.web.server import WebServer
from sro_render.model.objects import ObjectId

WIDE, NARROW = (1400, 1000), (360, 740)
KERNELS = ("4.18.0-305.19.1.el8_4.x86_64", "4.18.0-305.45.1.el8_4.x86_64")
OLD, NEW = KERNELS
HOSTILE = "</style><img src=x onerror=alert(1)>\u202egnp.exe"


def step(state: str, status: Status, kernel: str = "", reason: str = "", served: int = 0) -> SeenStep:
    nodes = tuple(f"w{number}" for number in range(2))
    driver = SeenObject(
        id=ObjectId("apps/v1", "DaemonSet", "sr", "driver"), nodes=nodes, served=nodes[:served]
    )
    return SeenStep(
        key=StepKey("simple-kmod", state, kernel),
        status=status,
        objects=(driver,) if state.endswith("driver") else (),
        reason=reason,
        retry_s=8 if status is Status.FAILED else None,
    )


def picture(name: str = "lab", reason: str = "DaemonSet/sr/driver: 1 of 2 pods are ready (w1)") -> Picture:
    return Picture(
        cluster=name,
        steps=(
            step("namespace", Status.READY),
            step("0000-build", Status.READY, OLD),
            step("0000-build", Status.FAILED, NEW, "build b-1 is Failed: DockerBuildFailed"),
            step("1000-driver", Status.APPLIED, OLD, reason, served=1),
            step("1000-driver", Status.WAITING, NEW, "waits for simple-kmod / 0000-build"),
        ),
        nodes=(
            SeenNode(name="w0", kernel=OLD),
            SeenNode(name="w1", kernel=OLD),
            SeenNode(name="w2", kernel="5.14"),
        ),
        resources=(SeenResource(name="simple-kmod", lanes=KERNELS, nodes=("w0", "w1", "w2")),),
        kernels={OLD: ("w0", "w1")},
    )


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    board = Board("1.2", longest_s=60, wall=lambda: 1_700_000_000)
    server = WebServer(Address("127.0.0.1", 0), board)
    server.start()
    contexts = []

    def opened(
        shown: Picture | None, *, size: tuple[int, int] = WIDE, dark: bool = False, complaints: list[str]
    ) -> Page:
        board.lead(is_leader=shown is not None)
        if shown is not None:
            board.show(shown)
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(f"http://{server.address}/")
        return page

    yield opened
    for context in contexts:
        context.close()
    server.stop()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """What the browser complains of, which must be nothing, the policy of what may run included."""
    found: list[str] = []
    yield found
    # Every browser asks for an icon, and there is none.
    assert [each for each in found if "404" not in each] == []


def test_it_shows_states_by_kernels_with_the_nodes_that_are_ready(
    open_page: Open, complaints: list[str]
) -> None:
    page = open_page(picture(), complaints=complaints)
    assert page.title() == "lab: 0 of 1 ready"
    assert page.get_by_role("heading", level=1).inner_text() == "lab: 0 of 1 ready"
    table = page.get_by_role("table", name="States of simple-kmod by kernel")
    rows = [row.locator("th, td").all_inner_texts() for row in table.get_by_role("row").all()]
    assert rows == [
        ["Kernel", "Nodes", "namespace", "0000-build", "1000-driver"],
        ["(once)", "", "✓ ready", "", ""],
        [OLD, "2", "", "✓ ready", "… at work 1/2"],
        [NEW, "0", "", "✗ failed", "· not begun 0/2"],
    ]
    assert page.get_by_role("listitem").all_inner_texts() == [
        f"✗ failed 0000-build / {NEW}: build b-1 is Failed: DockerBuildFailed (again in 8 s)",
        f"… at work 1000-driver / {OLD}: DaemonSet/sr/driver: 1 of 2 pods are ready (w1)",
        f"· not begun 1000-driver / {NEW}: waits for simple-kmod / 0000-build",
    ]
    assert page.get_by_text("1 node with kernel 5.14, which nothing serves: w2").is_visible()


def test_its_style_is_allowed_and_nothing_else_is(open_page: Open, complaints: list[str]) -> None:
    page = open_page(picture(HOSTILE, HOSTILE), complaints=complaints)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("img, script").count() == 0
    assert "\u202e" not in page.locator("html").inner_html()


def test_a_replica_that_stands_by_says_so(open_page: Open, complaints: list[str]) -> None:
    page = open_page(None, complaints=complaints)
    assert page.get_by_role("main").inner_text() == "This replica stands by: ask the one that leads."


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize(
    "shown", [picture(), picture(HOSTILE, HOSTILE), None], ids=["usual", "hostile", "none"]
)
def test_axe_finds_no_fault_and_only_tables_scroll_sideways(
    open_page: Open, complaints: list[str], shown: Picture | None, size: tuple[int, int], *, dark: bool
) -> None:
    page = open_page(shown, size=size, dark=dark, complaints=complaints)
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    # The judge is a script, which the page's policy forbids: it is let in by the driver, beside the page.
    found = Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})
    faults = [
        (violation["id"], [node["html"][:200] for node in violation["nodes"]])
        for violation in found.response["violations"]
    ]
    assert faults == []
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
