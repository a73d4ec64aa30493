"""The player in a real browser: what its buttons do, what it says to assistive technology, and that it never leaves the machine."""
import json
import re
from hashlib import sha256

import pytest
from browser import becomes, browsing, difference, settled, violations
from tiny_glb import tiny_glb

from signbook.core import assets
from signbook.motion.motion import Span
from signbook.show.player import player_files, player_html, player_page, player_scripts

SPANS = [Span("HELLO", "Hello", "sign", 0.2, 0.8), Span(",", "", "pause", 0.8, 1.0), Span("NAME", "name", "sign", 1.0, 1.5),
         *(Span(c, "Ann", "spell", 1.6 + 0.4*k, 2.0 + 0.4*k) for k, c in enumerate("ANN"))]
P = "document.querySelector('signbook-player')"


def write(folder, body, head=None, name="page.html"):
    "A page with players, as it would lie on a disk."
    (folder/"player").mkdir(exist_ok=True)
    for file in player_files(): (folder/"player"/file.name).write_bytes(file.read_bytes())
    head = player_scripts("player") if head is None else head
    path = folder/name
    path.write_text(f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
                    f'<title>Player</title>{head}</head><body><main><h1>Player</h1>{body}</main></body></html>', encoding="utf-8")
    return path.as_uri()


def ready(page, script=P):
    page.wait_for_function(f"{script}?.ready", timeout=60000)
    page.wait_for_timeout(300)


def shot(page): return settled(page.locator(".stage").first)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    url = write(tmp_path_factory.mktemp("site"), player_html(tiny_glb(), SPANS, background="#d0e0f0"))
    with browsing() as page:
        page.goto(url)
        ready(page)
        yield page


@pytest.fixture(autouse=True)
def fresh(request):
    "Every test finds the shared player at rest."
    if "page" not in request.fixturenames: return
    page = request.getfixturevalue("page")
    page.evaluate(f"{P}.reset(); {P}.setLoop(false); {P}.setCaptions(true)")


def button(page, name): return page.get_by_role("button", name=name, exact=True)


def test_the_vendored_file_is_the_one_we_say():
    said = json.loads(assets("player", "provenance.json").read_text())["files"]
    assert sha256(assets("player", "model-viewer-umd.min.js").read_bytes()).hexdigest() == said["model-viewer-umd.min.js"]["sha256"]
    assert {f.name for f in player_files()} - {"provenance.json"} == set(said)
    assert assets("player", "signbook-player.js").read_text().isascii()          # so no page's charset can spoil it


def test_opens_from_disk_and_asks_for_nothing_outside(page):
    assert page.seen.abroad == []
    assert page.seen.complaints == []
    assert page.evaluate(f"{P}.duration") == pytest.approx(3.0, abs=0.05)
    assert not page.evaluate(f"{P}.playing")                                       # no autoplay was asked for


def test_play_really_moves_the_picture_and_pause_holds_it(page):
    page.evaluate(f"{P}.seek(0)")
    rest = shot(page)
    button(page, "Play").click()
    page.wait_for_function(f"{P}.time > 0.3")
    button(page, "Pause").click()
    time = page.evaluate(f"{P}.time")
    moved = shot(page)
    assert time > 0.3 and not page.evaluate(f"{P}.playing")
    assert difference(rest, moved) > 0.01
    assert difference(moved, shot(page)) < 0.001
    assert page.evaluate(f"{P}.time") == time


def test_speed_is_what_the_slider_says_and_is_remembered(page):
    slider = page.get_by_role("slider", name="Playback speed")
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == ("0.25", "1.5")
    slider.fill("0.25")
    assert slider.get_attribute("aria-valuetext") == "0.25 times"
    slow = page.evaluate(f"""new Promise(done => {{ const p = {P}; p.seek(0); p.play(); requestAnimationFrame(function begin(a) {{
        if (!p.time) return requestAnimationFrame(begin);
        const t = p.time; setTimeout(() => requestAnimationFrame(b => done((p.time - t) / (b - a) * 1000)), 1500); }}) }})""")
    assert slow == pytest.approx(0.25, rel=0.25)
    page.evaluate(f"{P}.pause()")
    page.reload()
    ready(page)
    assert page.evaluate(f"{P}.rate") == 0.25


def test_one_frame_forward_and_back(page):
    page.evaluate(f"{P}.seek(1)")
    for name, want in (("One frame forward", 31), ("One frame forward", 32), ("One frame back", 31)):
        button(page, name).click()
        assert page.evaluate(f"{P}.time") * 30 == pytest.approx(want, abs=1e-3)
    page.evaluate(f"{P}.seek(0)")
    button(page, "One frame back").click()
    assert page.evaluate(f"{P}.time") == 0


def test_stops_at_the_end_unless_told_to_repeat(page):
    page.evaluate(f"{P}.seek(2.8); {P}.play()")
    page.wait_for_function(f"!{P}.playing")
    assert page.evaluate(f"{P}.time == {P}.duration")
    button(page, "Repeat").click()
    page.evaluate(f"{P}.seek(2.8); {P}.play()")
    page.wait_for_function(f"{P}.time < 1")
    assert page.evaluate(f"{P}.playing")


def test_captions_follow_the_signing(page):
    def now(seconds):
        page.evaluate(f"{P}.seek({seconds})")
        return page.evaluate(f"[...{P}.shadowRoot.querySelectorAll('.item[aria-current]')].map(e => e.textContent)")
    assert [now(t) for t in (0.1, 0.5, 0.9, 1.2, 2.1)] == [[], ["Hello HELLO"], [], ["name NAME"], ["Ann A-N-N"]]
    assert page.evaluate(f"{P}.shadowRoot.querySelectorAll('.part.now').length") == 1              # the letter, too
    assert page.evaluate(f"{P}.shadowRoot.querySelectorAll('.item').length") == 3                  # whole sentence shown
    page.get_by_role("button", name="name NAME").click()
    assert page.evaluate(f"{P}.time") == 1.0
    button(page, "Captions").click()
    assert page.locator(".captions").is_hidden()
    assert button(page, "Captions").get_attribute("aria-pressed") == "false"


def test_three_cameras_see_different_things(page):
    seen = []
    for name in ("Front", "Side", "Hands"):
        button(page, name).click()
        seen.append(shot(page))
        assert [b for b in ("Front", "Side", "Hands") if button(page, b).get_attribute("aria-pressed") == "true"] == [name]
    assert min(difference(a, b) for a, b in ((seen[0], seen[1]), (seen[0], seen[2]), (seen[1], seen[2]))) > 0.02


def test_camera_boxes_are_in_the_picture(page):
    "A box of 2 m is framed from further away than one of 0.5 m, and a dragged camera comes back."
    far = page.evaluate(f"""(async () => {{ const p = {P}, out = []; for (const size of [2, 0.5]) {{
        p.setAttribute('cameras', JSON.stringify({{front: {{target: [0, 1.2, 0], size: [size, size], theta: 0, phi: 90}}}}));
        await p.view('front', true); await p.model.updateComplete; await new Promise(r => setTimeout(r, 400)); out.push(p.model.getCameraOrbit().radius); }}
        p.model.cameraOrbit = '120deg 60deg 4m'; await p.model.updateComplete; await p.view('front', true); await new Promise(r => setTimeout(r, 400));
        out.push(p.model.getCameraOrbit().theta); p.removeAttribute('cameras'); return out; }})()""")
    assert far[0] - 0.15 == pytest.approx(4 * (far[1] - 0.15), rel=0.02)
    assert abs(far[2]) < 0.01


def test_the_hands_camera_goes_along_unless_less_motion_is_wanted(page):
    track = [dict(start=0.2, target=[-0.3, 1.2, 0], size=[0.4, 0.4]), dict(start=1.0, target=[0.3, 1.5, 0], size=[0.4, 0.4])]
    views = json.dumps({"hands": dict(target=[0, 1, 0], size=[1, 1], theta=0, phi=90, track=track)})

    def seen(expected):
        x = f"{P}.model.getCameraTarget().x"
        page.evaluate(f"{P}.setAttribute('cameras', {json.dumps(views)}); {P}.seek(0.5)")
        button(page, "Hands").click()
        page.wait_for_function(f"Math.abs({x} - {expected[0]}) < 0.01", timeout=60000)
        page.evaluate(f"{P}.seek(1.2)")
        page.wait_for_function(f"Math.abs({x} - {expected[1]}) < 0.01", timeout=60000)
        page.wait_for_timeout(500)
        assert page.evaluate(x) == pytest.approx(expected[1], abs=0.01)             # and it stays there
    seen((-0.3, 0.3))
    page.emulate_media(reduced_motion="reduce")
    seen((0, 0))
    page.emulate_media(reduced_motion="no-preference")
    page.evaluate(f"{P}.removeAttribute('cameras')")


def test_every_control_is_labelled_large_and_reached_by_keyboard(page):
    small = page.evaluate(f"""[...{P}.shadowRoot.querySelectorAll('button, input')].map(e => [e.getAttribute('aria-label') || e.textContent,
        e.getBoundingClientRect().width, e.getBoundingClientRect().height]).filter(([n, w, h]) => !n || w < 43.5 || h < 43.5)""")
    assert small == []
    page.evaluate(f"{P}.rove({P}.items[0].node); document.body.tabIndex = -1; document.body.focus()")
    names = []
    for _ in range(20):
        page.keyboard.press("Tab")
        names.append(page.evaluate(f"(e => e && (e.getAttribute('aria-label') || e.textContent))({P}.shadowRoot.activeElement)"))
        width = page.evaluate(f"(e => e && e.tagName != 'MODEL-VIEWER' ? getComputedStyle(e).outlineWidth : '3px')({P}.shadowRoot.activeElement)")
        assert width in (None, "3px"), names[-1]
    wanted = ["Hello HELLO", "Position in the clip", "Play", "One frame back", "One frame forward", "Repeat", "Playback speed",
              "Captions", "Reset: start, front camera, normal speed", "Full screen", "Front", "Side", "Hands"]
    assert [n for n in names if n in wanted][:len(wanted)] == wanted


def test_keys_work_inside_the_player(page):
    page.get_by_role("button", name="Hello HELLO").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate(f"{P}.shadowRoot.activeElement.textContent") == "name NAME"
    page.keyboard.press("Enter")
    assert page.evaluate(f"{P}.time") == 1.0
    page.keyboard.press(".")
    assert page.evaluate(f"{P}.time") * 30 == pytest.approx(31, abs=1e-3)
    page.keyboard.press("k")
    assert page.evaluate(f"{P}.playing")
    page.keyboard.press("k")
    page.get_by_role("slider", name="Position in the clip").focus()
    page.keyboard.press("Home")
    assert page.evaluate(f"{P}.time") == 0
    assert page.get_by_role("slider", name="Position in the clip").get_attribute("aria-valuetext").startswith("0.0 of 3.0 seconds")


def test_full_screen_and_back(page):
    button(page, "Full screen").click()
    page.wait_for_function("document.fullscreenElement !== null")
    button(page, "Leave full screen").click()
    page.wait_for_function("document.fullscreenElement === null")
    button(page, "Full screen").wait_for()


def test_nothing_is_announced_by_itself(page):
    "Words change several times a second: no live region may hold them."
    live = page.evaluate(f"[...{P}.shadowRoot.querySelectorAll('[aria-live], [role=status], [role=alert]')].map(e => e.className)")
    assert live == ["message", "hush"]
    page.evaluate(f"{P}.seek(0.5)")
    assert page.evaluate(f"{P}.shadowRoot.querySelector('.hush').textContent") in ("", "Back at the start, front camera, normal speed.")


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_of_ours(page, dark):
    page.evaluate(f"document.body.style.cssText = 'color: {'#eee' if dark else '#111'}; background: {'#111' if dark else '#fff'}'; {P}.seek(2.1)")
    page.wait_for_function(f"{P}.shadowRoot.querySelector('.player').classList.contains('dark') == {str(dark).lower()}")
    assert becomes(lambda: not violations(page), 10), violations(page)


def test_hostile_text_stays_text(tmp_path):
    bad = [Span("<B>X</B>", '<img src=x onerror="window.hit=1">', "sign", 0, 1), Span("شكرا", "شكرا", "sign", 1, 2)]
    url = write(tmp_path, player_html(tiny_glb(), bad, label='"><script>window.hit=1</script>'))
    with browsing() as page:
        page.goto(url)
        ready(page)
        assert page.evaluate("window.hit") is None
        assert page.evaluate(f"{P}.shadowRoot.querySelector('.word').textContent") == '<img src=x onerror="window.hit=1">'
        assert page.evaluate(f"{P}.shadowRoot.querySelector('.captions').dir") == "rtl"
        assert page.evaluate("document.querySelectorAll('img').length") == 0


def test_scripts_twice_two_players_and_require_js(tmp_path):
    head = '<script>window.define = () => { window.taken = 1 }; define.amd = {};</script>' + 2 * player_scripts("player")
    url = write(tmp_path, 2 * player_html(tiny_glb(), SPANS), head)
    with browsing(height=1600) as page:
        page.goto(url)
        page.wait_for_function("[...document.querySelectorAll('signbook-player')].every(p => p.ready)", timeout=60000)
        assert page.evaluate("[window.taken, typeof define.amd]") == [None, "object"]
        assert sum(u.endswith("model-viewer-umd.min.js") for u in page.seen.requests) == 1
        assert page.seen.complaints == []


def test_less_motion_means_no_autoplay(tmp_path):
    url = write(tmp_path, player_html(tiny_glb(), SPANS, autoplay=True))
    with browsing(reduced_motion="reduce") as page:
        page.goto(url)
        ready(page)
        page.wait_for_timeout(500)
        assert page.evaluate(f"[{P}.playing, {P}.time]") == [False, 0]
        page.emulate_media(reduced_motion="no-preference")
        page.reload()
        page.wait_for_function(f"{P}.playing", timeout=60000)


def test_without_webgl_the_signs_are_still_told(tmp_path):
    url = write(tmp_path, player_html(tiny_glb(), SPANS, label="Avatar signing: HELLO"))
    with browsing(extra=["--disable-3d-apis"]) as page:
        page.goto(url)
        page.get_by_text("This browser cannot show 3D here").wait_for()
        assert page.get_by_role("button", name="Hello HELLO").is_visible()
        assert page.get_by_text("Avatar signing: HELLO").is_hidden()
        assert button(page, "Play").is_disabled()
        page.goto(write(tmp_path, player_html(tiny_glb(), label="Avatar signing: HELLO")))
        page.get_by_text("Avatar signing: HELLO").wait_for()


def test_a_broken_clip_is_said_and_the_next_one_plays(tmp_path):
    url = write(tmp_path, player_html(b"glTF" + bytes(40), SPANS))
    good = re.search(r'glb="([^"]+)"', player_html(tiny_glb()))[1]
    with browsing() as page:
        page.goto(url)
        page.get_by_text("The avatar could not be loaded").wait_for(timeout=60000)
        page.evaluate(f"({P}.setAttribute('glb', {json.dumps(good)}))")
        ready(page)
        assert not page.get_by_text("The avatar could not be loaded").is_visible()


def test_a_page_alone_works_in_a_sandboxed_frame(tmp_path):
    "As in a notebook: scripts and avatar inside an iframe without an origin."
    import html
    alone = player_page(player_html(tiny_glb(), SPANS, fill=True), "Hello", "Synthetic.")
    url = write(tmp_path, f'<iframe title="Signing avatar" sandbox="allow-scripts" style="width:700px;height:600px" srcdoc="{html.escape(alone)}"></iframe>', head="")
    with browsing() as page:
        page.goto(url)
        frame = page.frames[1]
        frame.wait_for_function(f"{P}?.ready", timeout=60000)
        frame.get_by_role("button", name="Play", exact=True).click()
        frame.wait_for_function(f"{P}.time > 0.3")
        assert page.seen.abroad == []
