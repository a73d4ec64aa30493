"The book as readers get it: pages that work from the disk, with an avatar that moves, and nothing fetched from anywhere."
import sys

import pytest
from browser import becomes, browsing, difference, settled

from test_repo import ROOT

sys.path.insert(0, str(ROOT/'scripts'))
import build_docs  # noqa: E402


@pytest.fixture(scope='module')
def book(tmp_path_factory):
    "The front page and one chapter, built."
    out = tmp_path_factory.mktemp('book')
    wanted = [path for path in build_docs.chapters() if path.name in ('index.ipynb', '10_motion.rotation.ipynb')]
    players, wrong = build_docs.build(wanted, out)
    assert players == 1
    assert [w for w in wrong if 'cross-reference target not found' not in w] == []   # the other chapters are not in this small book
    return out


def test_chapters_come_in_reading_order():
    names = [path.name for path in build_docs.chapters()]
    assert names[0] == 'index.ipynb' and names[1].startswith('01_')
    numbers = [name for name in names[1:] if (ROOT/'nbs'/name).exists()]
    assert numbers == sorted(numbers)


def test_pages_hold_code_and_no_marks_of_the_tools(book):
    page = (book/'10_motion.rotation.html').read_text(encoding='utf-8')
    assert 'aa_to_mat' in page and '<math' in page
    assert '#|' not in page and 'default_exp' not in page
    names = (book/'names.html').read_text(encoding='utf-8')
    assert 'text_to_motion' in names


def test_the_avatar_moves_from_the_disk(book):
    with browsing(width=1200, height=1000) as page:
        page.goto((book/'index.html').as_uri())
        page.locator('iframe').first.scroll_into_view_if_needed()
        page.wait_for_function("document.querySelector('iframe') !== null")
        frame = next(f for f in page.frames if f != page.main_frame)
        frame.wait_for_function("document.querySelector('signbook-player')?.ready", timeout=60000)
        stage = page.locator('iframe').first
        still = settled(stage)
        frame.get_by_role('button', name='Play').first.click()
        assert becomes(lambda: difference(still, stage.screenshot()) > 0.005)
        assert page.seen.abroad == []
