"""A headless system Chromium for tests of what people see; every test that needs one skips with a reason where there is none."""
import atexit
import functools
import os
import shutil
import subprocess
import tarfile
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
AXE = "4.14.1"
OURS = "data:", "blob:", "file:", "about:", "http://127.0.0.1", "http://localhost"


def chromium():
    "Path of a Chromium or Chrome on this machine."
    names = os.environ.get("SIGNBOOK_CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "chrome"
    found = next((p for n in names if n and (p := shutil.which(n))), None)
    if not found: pytest.skip("no Chromium on this machine (install one, or set SIGNBOOK_CHROMIUM)")
    return found


class Seen:
    "What a page asked for and complained about."
    IGNORED = "GPU stall due to ReadPixels", "GL Driver Message", "WebGPU", "rAF timed out", "the server responded with a status of 404 (Not Found)"

    def __init__(self, page):
        self.requests, self.complaints = [], []
        page.on("request", lambda r: self.requests.append(r.url))
        page.on("pageerror", lambda e: self.complaints.append(f"page error: {e}"))
        page.on("console", lambda m: m.type == "error" and not any(s in m.text for s in self.IGNORED) and self.complaints.append(m.text))

    @property
    def abroad(self): return [url for url in self.requests if not url.startswith(OURS)]


@functools.cache
def driver():
    "One Playwright for the whole run: two in one thread get in each other's way."
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (pip install 'signbook[dev]')")
    play = api.sync_playwright().start()
    atexit.register(play.stop)
    return play


@contextmanager
def browsing(width=900, height=900, extra=(), **context):
    "A page of a fresh Chromium with a profile of its own."
    program = chromium()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = driver().chromium.launch_persistent_context(profile, executable_path=program, headless=True, args=[*FLAGS, *extra],
                                                          viewport=dict(width=width, height=height), **context)
        page = browser.pages[0]
        page.seen = Seen(page)
        try: yield page
        finally: browser.close()


def axe_script():
    "Text of axe-core, fetched once with npm into the temporary folder."
    folder = Path(tempfile.gettempdir())/f"signbook-axe-{AXE}"
    script = folder/"package"/"axe.min.js"
    if not script.exists():
        if not shutil.which("npm"): pytest.skip("no npm to fetch axe-core with")
        folder.mkdir(exist_ok=True)
        try:
            subprocess.run(["npm", "pack", f"axe-core@{AXE}", "--silent"], cwd=folder, check=True, capture_output=True, timeout=120)
            with tarfile.open(next(folder.glob("axe-core-*.tgz"))) as tar: tar.extractall(folder, filter="data")
        except (subprocess.SubprocessError, OSError, StopIteration) as e: pytest.skip(f"axe-core could not be fetched ({type(e).__name__})")
    return script.read_text(encoding="utf-8")


def violations(page):
    "What axe finds on a page: [(rule, impact, selector)]."
    page.evaluate(axe_script())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)")
    return [(v["id"], v["impact"], str(n["target"])) for v in found for n in v["nodes"]]


def serious(page):
    "What axe finds that keeps people out."
    return [v for v in violations(page) if v[1] in ("serious", "critical")]


def becomes(true, seconds=60):
    "Ask again and again until it is true: how long a picture takes depends on the machine."
    end = time.monotonic() + seconds
    while not (found := true()) and time.monotonic() < end: time.sleep(.1)
    return found


def settled(locator, seconds=60):
    "A screenshot of a part of the page once nothing moves in it any more."
    end, shots = time.monotonic() + seconds, [locator.screenshot()]
    while time.monotonic() < end:
        locator.page.wait_for_timeout(300)
        shots = [*shots, locator.screenshot()][-3:]                    # two in a row may be the same before the first of the new picture is drawn
        if len(shots) == 3 and max(difference(shots[0], s) for s in shots[1:]) < 1e-4: break
    return shots[-1]


def difference(first, second, threshold=24):
    "Share of pixels that differ clearly between two PNG screenshots."
    import io

    import numpy as np
    from PIL import Image
    a, b = [np.asarray(Image.open(io.BytesIO(x)).convert("RGB")).astype(int) for x in (first, second)]
    return float((abs(a - b).max(-1) > threshold).mean())
