"""The rating form as raters and their computer meet it: consent before anything is written, a table that survives, a page for every hand."""
import csv
import multiprocessing
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
from browser import becomes, browsing, serious
from tiny_glb import tiny_glb

from signbook import rating
from signbook.cli import run
from signbook.rating import COLUMNS, Rating, keep, read_ratings

MARK = "0123456789ab"
ONE = Rating("ABCD-2345", "hello.npz", MARK, 1, 4, 3, None, hearing="deaf", day="2026-01-31")
GOOD = dict(understandability="4", naturalness="3", correctness="0", comment="good")


def other(n): return Rating("ABCD-2345", f"{n}.npz", MARK, n + 1, 1 + n % 5, 3, 5)


# ---- the table ----

def test_summary_of_a_table(tmp_path, capsys):
    path = tmp_path/"ratings.csv"
    for who, k in (("ABCD-2345", 0), ("WXYZ-6789", 0), ("KLMN-4567", 1)):
        for n in range(4): keep(path, Rating(who, f"{n}.npz", MARK, n + 1, min(n + 1 + k, 5), 3, None, hearing="deaf"))
    assert run(["rate", "--summary", str(path)]) == 0
    out = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line}
    assert "raters: 3, clips: 4, ratings: 12" in out and "hearing: 3 deaf" in out
    assert rows["understandability"][:4] == ["12", "2.83", "±", "1.27"] and float(rows["understandability"][-1]) > 0.7
    assert rows["naturalness"][-1] == "–" and rows["correctness"][0] == "0"        # no spread, no answers: no agreement to speak of
    assert [line.split()[0] for line in out.splitlines() if ".npz" in line] == ["0.npz", "1.npz", "2.npz", "3.npz"]


@pytest.mark.parametrize("text, said", [("name,score\nAnna,5\n", "line 1: expected the columns"), ("\x00", "line 1"), (",".join(COLUMNS) + "\nABCD-2345,x.npz\n", "line 2: expected 13 columns"),
                                        (",".join(COLUMNS) + f"\nABCD-2345,x.npz,{MARK},1,9,,,,,,,,\n", "line 2: understandability"), (",".join(COLUMNS) + f"\nABCD-2345,x.npz,{MARK},,1,,,,,,,,\n", "line 2: place"),
                                        (",".join(COLUMNS).replace(",", ";"), "line 1"), (",".join(COLUMNS) + f'\nABCD-2345,x.npz,{MARK},1,4,4,4,"half a comm', "unexpected end")])
def test_a_malformed_table_is_refused_and_left_alone(text, said, tmp_path, capsys):
    path, clip = tmp_path/"ratings.csv", tmp_path/"a.glb"
    path.write_text(text)
    clip.write_bytes(tiny_glb())
    for words in (["--summary", str(path)], [str(clip), "-o", str(path)]):
        assert run(["rate", *words]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and "ratings.csv" in err and said in err
    assert path.read_text() == text


@pytest.mark.parametrize("words", [(), ("a.glb",), ("-o", "r.csv"), ("a.glb", "-o", "r.txt"), ("none.glb", "-o", "r.csv"), (".", "-o", "r.csv"), ("a.glb", "--summary", "r.csv"), ("--summary", "none.csv"),
                                   ("a.glb", "-o", "r.csv", "--look", "../x"), ("bad.npz", "-o", "r.csv"), ("a.glb", "a.glb", "-o", "r.csv"), ("a.glb", "-o", "nowhere/r.csv")])
def test_one_line_about_what_cannot_be_used(words, tmp_path, monkeypatch, capsys):
    (tmp_path/"in").mkdir()
    monkeypatch.chdir(tmp_path/"in")
    if "." not in words: (tmp_path/"in"/"a.glb").write_bytes(tiny_glb())
    if "bad.npz" in words: (tmp_path/"in"/"bad.npz").write_bytes(b"PK no archive")
    assert run(["rate", *words]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("signbook: ") and err.count("\n") == 1
    assert not list((tmp_path/"in").glob("r.*"))


def _many(path, who):
    for n in range(12): keep(path, Rating(who, f"{n}.npz", MARK, n + 1, 1, 2, 3))


def test_programs_that_write_at_once_lose_nothing(tmp_path):
    path, people = tmp_path/"ratings.csv", ["AAAA-2222", "BBBB-3333", "CCCC-4444"]
    pool = [multiprocessing.get_context("spawn").Process(target=_many, args=(path, who)) for who in people]
    for p in pool: p.start()
    for p in pool: p.join()
    found = read_ratings(path)
    assert len(found) == 36 and {r.rater for r in found} == set(people)
    assert os.listdir(tmp_path) == ["ratings.csv"]


def test_a_failed_write_leaves_the_old_table(tmp_path, monkeypatch):
    path = tmp_path/"ratings.csv"
    keep(path, ONE)
    before = path.read_bytes()
    monkeypatch.setattr(rating.os, "fsync", lambda number: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(OSError): keep(path, other(1))
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["ratings.csv"]


def test_comments_survive_the_table(tmp_path):
    path = tmp_path/"ratings.csv"
    words = ['"quoted", and; more', "=1+1", "ü 手 👋", ""]
    for n, text in enumerate(words): keep(path, Rating("ABCD-2345", f"{n}, n.npz", MARK, n + 1, 1, 1, 1, comment=text))
    assert [r.comment for r in read_ratings(path)] == words
    with open(path, encoding="utf-8", newline="") as file: assert [r["comment"] for r in csv.DictReader(file)] == words
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))        # as a spreadsheet writes it back
    assert [r.comment for r in read_ratings(path)] == words


# ---- the page ----

class Server:
    "The form in a process of its own."
    def __init__(self, folder, table, *words, **env):
        command = [sys.executable, "-c", "from signbook.cli import main; main()", "rate", str(folder), "-o", str(table), "--port", "17870", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | env)
        self.said = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", self.said)
        assert found, self.said + self.process.stdout.read()
        self.url = found[0]

    def stop(self):
        self.process.terminate()
        return self.process.wait(20)

    def open(self, path, form=None, **headers):
        data = None if form is None else urllib.parse.urlencode(form).encode()
        try: answer = urllib.request.urlopen(urllib.request.Request(self.url + path, data, headers), timeout=60)
        except urllib.error.HTTPError as e: answer = e
        with answer: return answer.status, answer.url.removeprefix(self.url), answer.read().decode("utf-8", "replace")

    def begin(self, **form):
        "Agree; the code."
        return self.open("/begin", dict(agree="yes") | form)[1].split("/")[2]


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    assert run(["sign", "Hello!", "-o", str(folder/"secret-hello.npz"), "-o", str(folder/"secret-film.mp4")]) == 0
    (folder/"secret-hello.txt").write_text("Hello there!")
    (folder/"secret-model.glb").write_bytes(tiny_glb())
    return folder


@pytest.fixture
def server(clips, tmp_path):
    pytest.importorskip("uvicorn", reason="the server is not installed (pip install 'signbook[demo]')")
    server = Server(clips, tmp_path/"ratings.csv", "--contact", "Ada, ada@example.org")
    yield server
    server.stop()


def test_nothing_is_written_before_consent(server, tmp_path):
    status, where, text = server.open("/")
    assert status == 200 and str(tmp_path/"ratings.csv") in text and "ada@example.org" in text
    assert server.open("/begin", dict(hearing="deaf"))[:2] == (400, "/begin")                   # no tick
    for path in ("/rate/ABCD-2345/1", "/rate/ABCD-2345", "/code/ABCD-2345"): assert server.open(path)[1] == "/"
    assert server.open("/rate/ABCD-2345/1", GOOD)[1] == "/"                                     # no code
    code = server.begin()
    assert server.open(f"/rate/{code}/1", GOOD | dict(naturalness="7"))[0] == 400               # no such answer
    assert os.listdir(tmp_path) == []
    assert server.open(f"/rate/{code}/1", GOOD)[1] == f"/rate/{code}/2"
    assert [(r.rater, r.understandability, r.correctness, r.comment) for r in read_ratings(tmp_path/"ratings.csv")] == [(code, 4, None, "good")]


def test_a_person_comes_back_and_leaves(server, clips, tmp_path):
    table = tmp_path/"ratings.csv"
    code, stays = server.begin(hearing="deaf", years="4 to 10 years"), server.begin(hearing="<b>")
    for who in (code, stays): server.open(f"/rate/{who}/1", GOOD)
    assert server.stop() == 0
    again = Server(clips, table)
    try:
        assert again.open("/begin", dict(agree="yes", code="WXYZ-6789"))[0] == 400
        assert again.open(f"/rate/{code}/2", GOOD)[1] == "/"                                    # agreed on another day, to what was said then
        assert again.open("/begin", dict(agree="yes", code=code.lower()))[1] == f"/rate/{code}/2"
        for place in (2, 3): status, where, text = again.open(f"/rate/{code}/{place}", GOOD)
        assert where == f"/code/{code}" and code in text
        mine = [r for r in read_ratings(table) if r.rater == code]
        assert {r.hearing for r in mine} == {"deaf"} and {r.years for r in mine} == {"4 to 10 years"} and len({r.clip for r in mine}) == 3
        assert [r.hearing for r in read_ratings(table) if r.rater == stays] == [""]             # not an answer that was offered
        assert "Judgements removed from the file: 3" in again.open("/withdraw", dict(code=code, sure="yes"))[2]
        assert [r.rater for r in read_ratings(table)] == [stays]
        assert again.open(f"/rate/{code}/1", GOOD)[1] == "/" and len(read_ratings(table)) == 1
        assert again.open("/withdraw", dict(code=stays))[0] == 400 and len(read_ratings(table)) == 1     # not sure
        assert again.open("/withdraw", dict(code=stays, sure="yes"))[0] == 200 and read_ratings(table) == ()     # and no need to agree first
    finally: again.stop()


def test_other_names_of_this_machine_are_refused(server):
    assert server.open("/", Host="evil.example")[0] == 400
    assert server.open("/media/../../etc/passwd")[0] == 404
    assert server.open("/media/9")[1] == "/"


def test_a_film_can_be_wound(server, clips):
    number = sorted(p.name for p in clips.iterdir() if p.suffix != ".txt").index("secret-film.mp4")
    request = urllib.request.Request(f"{server.url}/media/{number}", headers={"Range": "bytes=4-7"})
    with urllib.request.urlopen(request) as answer: assert (answer.status, answer.read(), answer.headers["content-type"]) == (206, b"ftyp", "video/mp4")


def test_nothing_is_left_behind(clips, tmp_path):
    pytest.importorskip("uvicorn")
    (tmp_path/"temporary").mkdir()
    server = Server(clips, tmp_path/"ratings.csv", TMPDIR=str(tmp_path/"temporary"))
    assert os.listdir(tmp_path/"temporary")
    assert server.stop() == 0 and os.listdir(tmp_path/"temporary") == []


def settled(page):
    "Wait for the clip, if it is one of ours."
    page.wait_for_load_state()
    if page.locator("signbook-player").count(): page.wait_for_function("document.querySelector('signbook-player').ready", timeout=60000)


@pytest.mark.parametrize("width, scheme", [(1200, "light"), (390, "dark")])
def test_every_page_is_for_everybody(server, width, scheme):
    with browsing(width, 850, color_scheme=scheme) as page:
        def well():
            settled(page)
            assert becomes(lambda: page.evaluate("document.documentElement.scrollWidth <= innerWidth")), page.title()
            assert becomes(lambda: not serious(page), 10), (page.title(), serious(page))
            small = page.evaluate("""[...document.querySelectorAll('button, .button, select, summary, .choice')].filter(e => e.getBoundingClientRect().height < 44).map(e => e.outerHTML)""")
            assert small == [], page.title()
        page.goto(server.url)
        well()
        page.get_by_label("I have read this").check()
        page.get_by_role("button", name="Begin").click()
        for _ in range(3):
            well()
            assert "secret" not in page.content() and "HELLO" not in page.content()
            for answer in ("I understand most of it", "Mostly natural", "Mostly correct, small mistakes"): page.get_by_role("radio", name=answer).check()
            page.get_by_role("button", name="Save and go on").click()
        well()
        page.get_by_label("Yes, delete").check()
        page.get_by_role("button", name="Delete my answers").click()
        well()
        assert page.seen.abroad == [] and page.seen.complaints == []


def test_from_the_keyboard_alone(server, tmp_path):
    with browsing(1200, 850) as page:
        def to(role_or_id):
            for _ in range(60):
                page.keyboard.press("Tab")
                if page.evaluate("(what => document.activeElement?.matches(what))", role_or_id): return
            raise AssertionError(f"{role_or_id} cannot be reached")
        page.goto(server.url)
        to("select[name=hearing]")
        page.keyboard.press("d")
        to("input[name=agree]")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        page.wait_for_url("**/rate/*/1")
        settled(page)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        for name in ("understandability", "naturalness", "correctness"):
            to(f"input[name={name}]")
            page.keyboard.press("Space")
            page.keyboard.press("ArrowDown")
        to("textarea")
        page.keyboard.type("k, fine")
        to("button.main")
        page.keyboard.press("Enter")
        page.wait_for_url("**/rate/*/2")
        (r,) = read_ratings(tmp_path/"ratings.csv")
        assert (r.understandability, r.naturalness, r.correctness, r.comment, r.hearing) == (2, 2, 2, "k, fine", "deaf")


def test_an_answer_can_be_changed(server, tmp_path):
    with browsing(900, 850) as page:
        page.goto(server.url)
        page.get_by_label("I have read this").check()
        page.get_by_role("button", name="Begin").click()
        for answer in ("I understand nothing", "Natural, like a person"): page.get_by_role("radio", name=answer).check()
        page.get_by_role("radio", name="I cannot say").last.check()
        page.get_by_role("button", name="Save and go on").click()
        page.get_by_role("link", name="Clip before").click()
        assert page.get_by_role("radio", name="I understand nothing").is_checked() and page.get_by_role("radio", name="I cannot say").last.is_checked()
        page.get_by_role("radio", name="I understand everything").check()
        page.get_by_role("button", name="Save and go on").click()
        page.wait_for_url("**/rate/*/2")
        assert [(r.understandability, r.correctness) for r in read_ratings(tmp_path/"ratings.csv")] == [(5, None)]
