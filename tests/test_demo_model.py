"""Rules or model, and back to English, as people meet them on the page; a stand-in says what the model would, so that the page is what is tested."""
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from browser import becomes, browsing, serious
from test_demo import unfold, written

pytest.importorskip("gradio", reason="gradio is not installed (pip install 'signbook[demo]')")


@dataclass(frozen=True)
class Reading:
    "As `translation.asl.Reading`."
    text: str
    confidence: float
    logp: float = 0.
    note: str = ""
    guess: str = ""


class Model:
    "Puts the first sign last; `closed` holds it up."
    def __init__(self, rules, read_line):
        self.rules, self.read_line, self.open, self.asked = rules, read_line, threading.Event(), []
        self.open.set()

    def gloss_line(self, text, language="ase", lexicon=(), alphabet=None, order=None, by="rules"):
        line = self.rules(text, language, lexicon, alphabet, order)
        if by == "rules": return line
        self.asked.append(text)
        assert self.open.wait(60) and language == "ase"
        first, *rest = [t.id for t in line.tokens if t.kind != "pause"]
        return self.read_line(" ".join([*rest, first, "."]), language, line, lexicon)

    def gloss_to_text(self, line, language="ase", best=1, sentences=None, least=None):
        from signbook.core import SignbookError
        self.asked.append(line)
        assert self.open.wait(60)
        if "school" in line: raise SignbookError("this is English: type glosses in capitals")
        if "XYLOPHONE" in line: return [Reading("", .12, note="nothing is likely enough", guess="A piano.")]
        return [Reading(f"Is it {line}?", .75), Reading("Is it so?", .15), Reading("So it is.", .03)][:best]


@pytest.fixture(scope="module")
def patch():
    with pytest.MonkeyPatch.context() as patch: yield patch


@pytest.fixture(scope="module")
def model(patch):
    from signbook import pipeline
    model = Model(pipeline.gloss_line, pipeline.read_line)
    patch.setattr(pipeline, "gloss_line", model.gloss_line)
    patch.setattr(pipeline, "gloss_to_text", model.gloss_to_text)
    return model


@pytest.fixture(scope="module")
def url(model, patch):
    from signbook import demo
    patch.setattr(demo, "warm", lambda clips: None)                                    # nobody waits here for the signs of a whole lexicon
    app = demo.launch(port=17980, block=False)
    yield app.local_url
    app.close()


@pytest.fixture(scope="module")
def page(url):
    with visiting(url) as page: yield page


@contextmanager
def visiting(url, width=1280, dark=False):
    "A page that says what it signs but draws no avatar: words are what is tested here."
    with browsing(width, 1000, extra=["--disable-3d-apis"]) as page:
        page.goto(url + ("?__theme=dark" if dark else ""))
        line_is(page, "HELLO ! topic{ MY NAME } fs-ANNA .")
        yield page


def line_is(page, line):
    "Wait until this is the gloss line."
    assert becomes(lambda: page.get_by_label("The same line as text").count() and written(page) == line), f"{written(page)} for {line}"


def sign(page, text, line):
    page.get_by_label("Your sentence").fill(text)
    page.get_by_role("button", name="Sign", exact=True).click()
    line_is(page, line)


def said(page, what, text):
    "Wait until a live region says this."
    page.locator(f"#sb-{what}-said .sb-message", has_text=text).wait_for(timeout=60000)


def english(page, glosses):
    page.get_by_label("ASL glosses").fill(glosses)
    page.get_by_role("button", name="To English").click()


def test_nobody_who_does_not_ask_waits_for_the_model(page, model):
    sign(page, "Hello Anna", "HELLO fs-ANNA")
    assert model.asked == []
    assert page.get_by_label("Rules", exact=True).is_checked() and not page.get_by_label("Compare with the other").is_checked()


def test_the_model_makes_the_line_if_it_is_chosen(page):
    sign(page, "Hello Anna", "HELLO fs-ANNA")
    page.get_by_label("Small model", exact=True).check()
    line_is(page, "fs-ANNA HELLO .")
    assert "a small model makes of English" in page.get_by_role("note").inner_text() and "generated sentences" in page.locator("#sb-by").inner_text()
    page.get_by_label("How to sign: Anna", exact=True).select_option("drop")         # the line of the model is changed as any other
    line_is(page, "HELLO .")
    page.get_by_label("Rules", exact=True).check()
    line_is(page, "HELLO fs-ANNA")
    assert "simple rules" in page.get_by_role("note").inner_text()


def test_the_other_line_is_shown_and_taken(page):
    sign(page, "Hello Anna", "HELLO fs-ANNA")
    page.get_by_label("Compare with the other").check()
    said(page, "compared", "The model's line has the same signs and scopes, but not in the same places")
    assert page.locator("#sb-compared mark").all_inner_texts() == ["fs-ANNA", "fs-ANNA", "."]
    page.get_by_role("button", name="Take the model's line").click()
    line_is(page, "fs-ANNA HELLO .")
    said(page, "compared", "The rules' line has the same signs")
    assert page.get_by_label("Small model", exact=True).is_checked()
    page.get_by_label("The same line as text").fill("HELLO fs-ANNA")
    page.get_by_role("button", name="Sign this line").click()
    said(page, "compared", "The rules' line is the same.")
    assert page.get_by_role("button", name="Take the").is_hidden()
    page.get_by_label("Rules", exact=True).check()
    page.get_by_label("Compare with the other").uncheck()
    page.locator("#sb-compared dl").wait_for(state="detached")


def test_the_model_is_offered_only_for_what_it_knows(page):
    page.get_by_label("Small model", exact=True).check()
    sign(page, "Hello Bob", "fs-BOB HELLO .")
    page.get_by_label("Sign language", exact=True).click()
    page.get_by_role("option", name="Argentine Sign Language").click()
    line_is(page, "fs-HELLO fs-BOB")
    assert page.get_by_label("Rules", exact=True).is_checked() and page.get_by_label("Small model", exact=True).is_disabled()
    page.get_by_label("Sign language", exact=True).click()
    page.get_by_role("option", name="American Sign Language").click()
    assert becomes(lambda: page.get_by_label("Small model", exact=True).is_enabled())
    unfold(page, "Face and order of signs", "English words")
    page.get_by_label("English words", exact=True).check()
    assert becomes(lambda: page.get_by_label("Small model", exact=True).is_disabled())
    page.get_by_label("ASL", exact=True).check()
    assert becomes(lambda: page.get_by_label("Small model", exact=True).is_enabled())


def test_what_was_signed_goes_back_to_english(page):
    sign(page, "Hello Anna", "HELLO fs-ANNA")
    assert becomes(lambda: page.get_by_label("ASL glosses").input_value() == "HELLO fs-ANNA")
    page.get_by_role("button", name="To English").click()
    said(page, "english", "Is it HELLO fs-ANNA? (confidence 0.75, and 2 more below)")
    assert page.locator("#sb-english .sb-english").inner_text() == "Is it HELLO fs-ANNA?"
    assert page.locator("#sb-english li").all_inner_texts() == ["Is it so? 0.15", "So it is. 0.03"]
    english(page, "fs-CARL")
    said(page, "english", "Is it fs-CARL? (confidence 0.75")
    page.get_by_role("button", name="Sign this sentence").click()
    assert becomes(lambda: "fs-CARL" in written(page)) and page.get_by_label("Your sentence").input_value() == "Is it fs-CARL?"


def test_what_it_is_not_sure_of_is_called_a_guess(page):
    english(page, "XYLOPHONE")
    said(page, "english", "The model would rather not say. Nothing is likely enough.")
    answer = page.locator("#sb-english").inner_text()
    assert "It would rather not say." in answer and "A guess, with a confidence of 0.12: A piano." in answer
    assert page.get_by_role("button", name="Sign this sentence").is_hidden()


@pytest.mark.parametrize("typed, answer", [("", "There is no gloss line yet"), ("A"*501, "501 characters"), ("I am going to school.", "This is English: type glosses in capitals")])
def test_what_is_no_gloss_line_is_said(page, typed, answer):
    english(page, typed)
    page.locator("#sb-english-said .sb-problem", has_text=answer).wait_for(timeout=60000)
    assert page.locator("#sb-english .sb-back").count() == 0                          # no answer of a line before stands beside it


def test_examples_are_answered_and_hostile_glosses_are_only_text(page):
    page.get_by_role("button", name="YOU WANT GO DRINK AFTER DINNER?").click()
    said(page, "english", "Is it YOU WANT GO DRINK AFTER DINNER??")
    english(page, '<img src=x onerror="window.hit=1"> {{value}} ${value}')
    said(page, "english", "onerror")
    assert page.evaluate("window.hit") is None and page.locator("#sb-english img").count() == 0
    assert page.seen.abroad == []


def test_a_busy_model_keeps_nobody_from_signing(page, url, model):
    model.open.clear()
    try:
        english(page, "HELLO")
        assert becomes(lambda: model.asked[-1] == "HELLO")
        with visiting(url, 700) as other:
            sign(other, "Thank you", "THANK-YOU")
            other.get_by_label("ASL glosses").fill("SCHOOL WHERE ?")
            other.get_by_label("ASL glosses").press("Enter")
            assert page.locator("#sb-english .sb-back", has_text="From the glosses HELLO").count() == 0 and "SCHOOL WHERE ?" not in model.asked
            model.open.set()
            said(other, "english", "Is it SCHOOL WHERE ??")
            said(page, "english", "Is it HELLO? (confidence 0.75")                            # each their own
    finally: model.open.set()


@pytest.mark.parametrize("width, dark", [(1280, False), (320, True)])
def test_axe_finds_nothing_of_ours(url, width, dark):
    with visiting(url, width, dark) as page:
        page.get_by_label("Compare with the other").check()
        page.get_by_role("button", name="Take the model's line").wait_for()
        for glosses, end in (("XYLOPHONE", "would rather not say"), ("HELLO", "0.75")):
            english(page, glosses)
            said(page, "english", end)
            assert becomes(lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
            assert becomes(lambda: not serious(page), 10), serious(page)                # colours fade over


def test_from_the_keyboard_alone(page):
    sign(page, "Hello Anna", "HELLO fs-ANNA")
    page.get_by_label("Rules", exact=True).focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    line_is(page, "fs-ANNA HELLO .")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    line_is(page, "HELLO fs-ANNA")
    seen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("(e => (e.labels?.[0]?.textContent || e.textContent).trim())(document.activeElement)"))
    for name in ("Compare with the other", "Sign this line", "ASL glosses", "To English", "SCHOOL WHERE ?"): assert any(s.startswith(name) for s in seen), (name, seen)
    page.get_by_label("ASL glosses").fill("HELLO")
    page.get_by_label("ASL glosses").press("Enter")
    said(page, "english", "Is it HELLO? (confidence 0.75")


def test_programs_can_ask_the_model(url):
    from gradio_client import Client
    from gradio_client.exceptions import AppError
    client = Client(url, verbose=False)
    assert client.predict("Hello Anna", by="model", api_name="/sign")["line"] == "fs-ANNA HELLO ."
    back = client.predict("HELLO fs-ANNA", api_name="/gloss_to_text")
    assert [r["confidence"] for r in back["readings"]] == [.75, .15, .03] and back["readings"][0]["text"] == "Is it HELLO fs-ANNA?"
    for asked, answer in ((dict(by="me"), "expected one of rules, model"), (dict(by="model", language="kvk"), "American Sign Language"), (dict(by="model", order="english"), "choose the rules")):
        with pytest.raises(AppError, match=answer): client.predict("Hello", **asked, api_name="/sign")
    with pytest.raises(AppError, match="type glosses"): client.predict("I am going to school.", api_name="/gloss_to_text")


def test_without_torch_the_page_says_how_to_get_it(monkeypatch):
    from signbook import demo
    monkeypatch.setattr(demo, "has_model", lambda: False)
    monkeypatch.setattr(demo, "warm", lambda clips: None)
    app = demo.launch(port=17990, block=False)
    try:
        with visiting(app.local_url, 700) as page:
            assert page.locator(".sb-hint", has_text="pip install 'signbook[torch]'").count() == 2
            assert page.locator("#sb-by").count() == page.get_by_label("ASL glosses").count() == 0
            assert becomes(lambda: not serious(page), 10), serious(page)
    finally: app.close()


def test_the_model_that_ships_is_read_when_it_is_asked_and_not_before():
    pytest.importorskip("torch", reason="torch is not installed (pip install 'signbook[torch]')")
    code = ("import sys\nfrom signbook import demo\nfrom signbook.english_panel import to_english\n"
            "app = demo.build()\ndemo.shown(app.clips, demo.text_to_line('Hello Anna'), demo.Settings())\napp.clips.close()\n"
            "print('torch' in sys.modules)\ntext, _, said = to_english('MY NAME fs-ANNA .')\nprint('torch' in sys.modules, said['kind'], 'Anna' in text)\n"
            "print(demo.text_to_line('My name is Anna.', by='model'))\n")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    before, after, line = done.stdout.splitlines()
    assert (before, after) == ("False", "True ok True") and "NAME" in line and "fs-ANNA" in line
