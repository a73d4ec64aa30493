"""Measuring many notations: order, and entries that crash or hang."""
import json
import os
import time

import pytest

from signbook.core import SignbookError, assets
from signbook.signing.survey import Row, measure, measure_all, read_rows, summary

ROWS = [Row(str(n), 'flathand extfingeru palmd') for n in range(6)]


def lengths(row):
    "Later rows are done sooner; one kills its process, one never ends."
    if row.id == '2': os._exit(3)
    if row.id == '3': time.sleep(60)
    time.sleep(.1 * (6 - int(row.id)))
    return dict(id=row.id, error='')


def test_a_crash_and_a_hang_lose_only_their_rows():
    found = list(measure_all(ROWS, workers=3, limit_s=5, work=lengths))
    assert [r['id'] for r in found] == [r.id for r in ROWS]
    assert [r['error'] for r in found] == ['', '', 'its process ended', 'took longer than 5 s', '', '']


def test_the_number_of_workers_changes_nothing():
    rows = read_rows(assets('lexicon', 'ase.tsv'))[::60] + [Row('bad', 'fist palmx')]
    one, two = (list(measure_all(rows, workers=n)) for n in (1, 2))
    assert one == two == [measure(r) for r in rows] and json.loads(json.dumps(one)) == one
    assert summary(one)['faults'] == {'HamNoSysError': 1}


@pytest.mark.parametrize('text,says', [('', 'column hamnosys'), ('id\tname\n1\tx\n', 'column hamnosys'), ('id\thamnosys\n\n# nothing\n', 'at least one line')])
def test_files_that_hold_no_notation(tmp_path, text, says):
    (tmp_path/'t.tsv').write_text(text)
    with pytest.raises(SignbookError, match=says): read_rows(tmp_path/'t.tsv')


def test_short_lines_and_odd_cells_are_entries_that_cannot_be_read(tmp_path):
    (tmp_path/'t.tsv').write_text('id\thamnosys\na\nb\t\nc\t\x00\nd\tfist palmx\n', newline='')
    rows = read_rows(tmp_path/'t.tsv')
    assert [r.id for r in rows] == list('abcd') and not any(measure(r)['parsed'] for r in rows) and all(measure(r)['error'] for r in rows)


def test_the_dictionary_corpus_can_be_measured(shared_data):
    rows = read_rows(shared_data/'hamnosys'/'dev.tsv')
    assert len(rows) == 3491
    found = list(measure_all(rows[::350], workers=2))
    assert [r['id'] for r in found] == [r.id for r in rows[::350]] and all(r['parsed'] for r in found)


def test_a_lexicon_of_clips_that_hold_only_points(shared_data, tmp_path):
    from signbook.signing.own import import_signs
    with pytest.raises(SignbookError, match=r'index.csv:2: 4 of 4 clips are .pose files'): import_signs([shared_data/'formats'/'lexicon_of_clips'], tmp_path/'m.tsv')
    from signbook.cli import run
    assert run(['lexicon', 'import', str(shared_data/'formats'/'lexicon_of_clips'), '-o', str(tmp_path/'m.tsv')]) == 0
    assert run(['sign', 'kinder', '--language', 'sgg', '--lexicon', str(tmp_path/'m.tsv'), '-o', str(tmp_path/'kinder.npz')]) == 0


def test_what_other_projects_have_becomes_a_lexicon_without_problems(shared_data, tmp_path):
    from signbook.signing.lexicon import check
    from signbook.signing.own import import_signs
    count, problems = import_signs([shared_data/'hamnosys'/'sigml', shared_data/'hamnosys'/'dev.tsv'], tmp_path/'m.tsv')
    assert count > 3700 and len(problems) < 25 and check(tmp_path/'m.tsv') == []


def told(problems): return [str(p) for p in problems]


def test_an_index_with_short_rows_and_odd_numbers(tmp_path):
    from signbook.signing.own import rows_of
    (tmp_path/'index.csv').write_text('path,words,start,end,priority\na.npz\n,x\nb.npz,b,zero,0,0\nc.npz,c,0,-4,0\nd.npz,d,0,0,first\n')
    found = told(rows_of(tmp_path/'index.csv'))
    assert [f.partition(': ')[0] for f in found] == ['index.csv:4', 'index.csv:5', 'index.csv:6', 'index.csv:2', 'index.csv:3']
    assert "start: expected a number, 0 or more, got 'zero'" in found[0] and 'end: ' in found[1] and 'priority: ' in found[2] and 'a.npz' in found[3] and 'path is empty' in found[4]


SIGN = '<hns_sign gloss="{}"{}><hamnosys_manual>{}</hamnosys_manual></hns_sign>'
FIST = '<hamfist/><hamextfingeru/><hampalmd/>'


@pytest.mark.parametrize('lenient', [False, True])
def test_one_bad_sign_or_file_costs_no_other(tmp_path, lenient):
    from signbook.signing.own import import_signs
    signs = [SIGN.format('GOOD', '', FIST), SIGN.format('BAD', '', '<hamnothing/>'), SIGN.format('FAST', ' speed="2"', FIST + '<hammoveu/>')]
    source = tmp_path/'there'
    source.mkdir()
    (source/'s.sigml').write_text(f"<sigml>{''.join(signs)}</sigml>")
    (source/'bad.tsv').write_bytes(b'gloss\thamnosys\n\xff\xfe\n')
    count, problems = import_signs([source], tmp_path/'m.tsv', lenient)
    found = told(problems)
    assert count == 2 and len(found) == 3 and 'UTF-8' in found[0] and found[0].startswith('bad.tsv: expected')
    assert "sign 'BAD'" in found[1] and found[2] == 's.sigml: FAST: not shown: speed 2'


def test_what_an_import_mends_is_said(tmp_path):
    from signbook.signing.own import import_signs
    (tmp_path/'t.tsv').write_text('gloss\thamnosys\nA\tfist extfingeru palmd palmd\n')
    count, problems = import_signs([tmp_path/'t.tsv'], tmp_path/'m.tsv', lenient=True)
    assert count == 1 and told(problems)[0].startswith('t.tsv:2: A: mended: ')


def test_a_worker_that_died_at_rest_loses_nothing():
    from signbook.workers import _Process, _side_by_side

    class Mortal(_Process):
        died = 0

        def take(self, job):
            if job[0] == 1 and not Mortal.died:
                Mortal.died = self.process.pid
                self.process.kill(); self.process.join()
            super().take(job)

    assert list(_side_by_side(Mortal, abs, [-1, -2, -3], 1, 60, 8)) == [(-1, 1), (-2, 2), (-3, 3)] and Mortal.died


def test_mended_entries_are_counted():
    found = [measure(Row('M', 'flathand extfingeru palmd palmd', lenient=True)), measure(ROWS[0])]
    assert found[0]['parsed'] and found[0]['problems'] and not found[1]['problems'] and summary(found)['mended'] == 1


def test_a_worker_that_ends_before_it_begins_is_started_again():
    from signbook.workers import STARTS, _Process, _side_by_side

    class Sick(_Process):
        started = 0

        def start(self):
            super().start()
            Sick.started += 1
            if Sick.started < sick: self.process.kill()

    for sick in (2, STARTS):
        Sick.started = 0
        assert list(_side_by_side(Sick, abs, [-1, -2], 1, 60, 8)) == [(-1, 1), (-2, 2)]
    sick, Sick.started = STARTS + 1, 0
    with pytest.raises(SignbookError, match='another process can import'): list(_side_by_side(Sick, abs, [-1], 1, 60, 8))
