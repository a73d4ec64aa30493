"""Shards: killed and resumed to the same bytes, items that fail, other jobs refused, damage found, memory flat."""
import importlib.util
import json
import random
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from shard_jobs import SAID, Noise

from signbook.core import SignbookError
from signbook.data.shards import Files, Job, check_shards, dry_run, read_shards, write_shards

pytest.importorskip('pyarrow')
SCRIPT = Path(__file__).parent/'shard_jobs.py'


def contents(folder): return {p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None for p in folder.rglob('*')}


def run(folder, **options):
    "The job of tests/shard_jobs.py in a process of its own."
    words = [str(w) for k, v in options.items() for w in (f'--{k.replace("_", "-")}', v)]
    return subprocess.run([sys.executable, SCRIPT, folder, *words], capture_output=True, text=True)


@pytest.mark.parametrize('format', ['parquet', 'tar'])
def test_killed_anywhere_and_resumed_it_is_the_same(tmp_path, format):
    "The moments are counted in files that are opened, renamed and removed, so that the gaps between them are all within reach."
    job = Job(Noise(20), SAID, 4, format)
    done = run(tmp_path/'whole', format=format)
    undisturbed, moments = contents(tmp_path/'whole'), json.loads(done.stdout)['touched']
    assert moments > 40 and len(undisturbed) == 14
    for at in (2, *random.Random(1).sample(range(3, moments), 3)):
        folder = tmp_path/f'at {at}'
        assert run(folder, format=format, kill_at=at).returncode == -signal.SIGKILL
        if not (folder/'manifest.json').exists():        # it is written last
            with pytest.raises(SignbookError, match='expected a finished job|expected a folder of shards'): read_shards(folder)
        assert run(folder, format=format, kill_at=9).returncode == -signal.SIGKILL if at == 2 else True
        write_shards(job, folder, on='here')
        assert contents(folder) == undisturbed
    assert [r['id'] for r in read_shards(tmp_path/'whole')] == [f'row {n}' for n in range(20)]


TROUBLE = Noise(14, raises=(1,), crashes=(5,), hangs=(9,))
LOST = [(1, 'error'), (5, 'crash'), (9, 'limit')]


def lines(folder): return [json.loads(line) for line in (folder/'failed.jsonl').read_text().splitlines()]


def test_items_that_fail_lose_only_themselves(tmp_path):
    job = Job(TROUBLE, SAID, 5)
    manifest = write_shards(job, tmp_path/'one', workers=2, limit_s=8)
    assert (manifest['rows'], manifest['failed']) == (11, 3)
    assert [(f['item'], f['kind']) for f in lines(tmp_path/'one')] == LOST and lines(tmp_path/'one')[0]['reason'] == 'ValueError: 1 cannot be made'
    assert [f['name'] for f in lines(tmp_path/'one')] == ['noise 1', 'noise 5', 'noise 9']
    assert Counter(r['id'] for r in read_shards(tmp_path/'one')) == Counter(f'row {n}' for n in range(14) if n not in (1, 5, 9))
    whole = write_shards(Job(Noise(14), SAID, 5), tmp_path/'one', on='here', again=True)      # the source was mended
    write_shards(Job(Noise(14), SAID, 5), tmp_path/'two', on='here')
    assert whole['failed'] == 0 and contents(tmp_path/'one') == contents(tmp_path/'two')


def test_rows_of_another_form_are_items_that_fail(tmp_path):
    rows = [dict(a=1, b='x'), dict(a='1', b='x'), dict(a=1), dict(a=2, b=None), dict(a=1, b='\ud800'), None]
    manifest = write_shards(Job(rows, SAID, 4), tmp_path/'out', on='here')
    assert [f['item'] for f in lines(tmp_path/'out')] == [1, 2, 4, 5] and manifest['columns'] == dict(a='int', b='str')
    assert list(read_shards(tmp_path/'out')) == [dict(a=1, b='x'), dict(a=2, b=None)]
    with pytest.raises(SignbookError, match='item 0: TypeError'): write_shards(Job(Files((tmp_path/'out'/'manifest.json',), len), SAID), tmp_path/'none', on='here')


@pytest.mark.parametrize('format', ['parquet', 'tar'])
def test_every_kind_of_value_comes_back_exactly(tmp_path, format):
    arrays = [np.zeros((0, 3), np.float32), np.array(5, '>i8'), np.asfortranarray(np.arange(12.).reshape(3, 4)), np.array([True]), np.array(['é', 'ab']),
              np.array(['2024-01-01'], 'M8[D]'), np.ones((2, 1), np.complex64), np.array([np.nan, -0., np.inf], np.float16)]
    rows = [dict(s='é\n\0"', i=-(1 << 63), f=f, b=True, raw=bytes(range(256)), gloss=['', 'ß'], a=a) for a, f in zip(arrays, [np.inf, -np.inf, -0., 1e-320, .1, 0, 1e308, 2/3])]
    write_shards(Job(rows, SAID, 3, format), tmp_path/'out', on='here')
    for was, now in zip(rows, read_shards(tmp_path/'out'), strict=True):
        assert (now['a'].dtype, now['a'].shape, now['a'].tobytes()) == (was['a'].dtype, was['a'].shape, was['a'].tobytes())
        assert str(now['f']) == str(float(was['f'])) and all(type(now[k]) is type(was[k]) and now[k] == was[k] for k in ('s', 'i', 'b', 'raw', 'gloss'))


def test_another_job_is_refused_and_told_the_difference(tmp_path):
    write_shards(Job(Noise(6), SAID, 3), tmp_path/'out', on='here')
    before = contents(tmp_path/'out')
    for job, says in ((Job(Noise(7), SAID, 3), 'items 6 there, 7 now'), (Job(Noise(6), SAID, 2), 'per_shard 3 there, 2 now'), (Job(Noise(6), SAID, 3, 'tar'), "format 'parquet' there, 'tar' now"),
                      (Job(Noise(6, kib=2), SAID, 3), 'source.kib 1 there, 2 now'), (Job(Noise(6), SAID | dict(licence='MIT'), 3), "provenance.licence 'CC0' there, 'MIT' now"),
                      (Job(Noise(6), SAID, 3, columns=dict(id='str')), 'columns.array')):
        with pytest.raises(SignbookError, match=says): write_shards(job, tmp_path/'out', on='here')
    settings = tmp_path/'out'/'job'/'settings.json'
    settings.write_text(settings.read_text().replace(np.__version__, '0.1'))
    with pytest.raises(SignbookError, match='versions.numpy'): write_shards(Job(Noise(6), SAID, 3), tmp_path/'out', on='here')
    settings.write_bytes(before['job/settings.json'])
    assert contents(tmp_path/'out') == before


def test_damage_is_one_clear_error(tmp_path):
    folder, job = tmp_path/'out', Job(Noise(9), SAID, 3)
    write_shards(job, folder, on='here')
    before = contents(folder)
    first, extra = folder/'shard-00000.parquet', folder/'shard-00003.parquet'
    damage = ((lambda: first.unlink(), 'missing: shard-00000.parquet'), (lambda: extra.write_bytes(b''), 'more than the manifest knows: shard-00003.parquet'),
              (lambda: first.write_bytes(before[first.name][:-1]), 'shard-00000.parquet: expected .* changed'), (lambda: first.write_bytes(b'x' + before[first.name][1:]), 'changed'),
              (lambda: (folder/'manifest.json').write_text('{"shards": 1}'), 'manifest.json: expected a manifest'), (lambda: (folder/'manifest.json').write_text('{'), 'manifest.json: expected JSON'))
    for harm, says in damage:
        harm()
        with pytest.raises(SignbookError, match=says): list(read_shards(folder))
        with pytest.raises(SignbookError, match=says): check_shards(folder)
        extra.unlink(missing_ok=True); (folder/'manifest.json').unlink()
        write_shards(job, folder, on='here')
        assert contents(folder) == before


def test_folders_that_are_no_place_for_a_job(tmp_path):
    (tmp_path/'full').mkdir(); (tmp_path/'full'/'thesis.docx').touch(); (tmp_path/'file').touch()
    for folder, says in (('full', 'got thesis.docx'), ('file', 'got File exists'), ('no/such', 'No such file')):
        with pytest.raises(SignbookError, match=says): write_shards(Job(Noise(2), SAID), tmp_path/folder, on='here')
    with pytest.raises(SignbookError, match='got none'): check_shards(tmp_path/'full')
    with pytest.raises(SignbookError, match="on: expected"): write_shards(Job(Noise(2), SAID), tmp_path/'new', on='the moon')
    assert not (tmp_path/'new').exists()


def test_two_jobs_at_once_are_refused(tmp_path):
    fcntl = pytest.importorskip('fcntl')
    write_shards(Job(Noise(2), SAID), tmp_path/'out', on='here')
    with subprocess.Popen([sys.executable, '-c', 'import fcntl, os, sys; fcntl.flock(os.open(sys.argv[1], 0), fcntl.LOCK_EX); print("held", flush=True); sys.stdin.read()', tmp_path/'out'],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b'held\n' and fcntl
        with pytest.raises(SignbookError, match='in use'): write_shards(Job(Noise(2), SAID), tmp_path/'out', on='here')
        other.kill()
    write_shards(Job(Noise(2), SAID), tmp_path/'out', on='here')


def test_memory_does_not_grow_with_the_number_of_rows(tmp_path):
    peak = [json.loads(run(tmp_path/f'{f}{n}', rows=n, kib=1024, per_shard=64, format=f).stdout)['peak_kib'] >> 10 for n, f in ((20, 'tar'), (200, 'tar'), (32, 'parquet'), (200, 'parquet'))]
    assert peak[1] - peak[0] < 40 and peak[3] - peak[2] < 80, peak       # 170 MiB more rows


def test_a_dry_run_says_what_comes_and_leaves_nothing(tmp_path):
    job = Job(Noise(1000, kib=8, raises=(0,)), SAID, 100)
    plan = dry_run(job, on='here')
    assert (plan.items, plan.shards, plan.tried, len(plan.failed)) == (1000, 10, 8, 1) and '1,000 items in 10 shards' in str(plan)
    real = write_shards(Job(Noise(1000, kib=8), SAID, 100), tmp_path/'out', on='here')['bytes']
    assert abs(plan.bytes/.875/real - 1) < .1           # one of the eight that were tried has no row


def test_files_as_a_source(tmp_path):
    for name in ('a.txt', 'b.txt'): (tmp_path/name).write_text(name)
    job = Job(Files(tuple(sorted(tmp_path.glob('*.txt'))), read_file), SAID)
    assert write_shards(job, tmp_path/'out', workers=1)['source']['files'] == 2
    assert [r['text'] for r in read_shards(tmp_path/'out')] == ['a.txt', 'b.txt']
    (tmp_path/'b.txt').write_text('longer')
    with pytest.raises(SignbookError, match='source.names_and_sizes'): write_shards(job, tmp_path/'out')
    (tmp_path/'b.txt').unlink()
    with pytest.raises(SignbookError, match='b.txt'): write_shards(job, tmp_path/'out')


def read_file(path): return dict(text=path.read_text())


@pytest.mark.skipif(importlib.util.find_spec('ray') is None, reason="needs pip install 'signbook[scale]'")
def test_ray_writes_the_same_shards(tmp_path):
    import ray
    try:
        for name, how in (('one', dict(workers=1)), ('ray', dict(on='ray', workers=2))): write_shards(Job(TROUBLE, SAID, 5), tmp_path/name, limit_s=8, **how)
    finally: ray.shutdown()
    assert contents(tmp_path/'one') == contents(tmp_path/'ray')


def test_webdataset_reads_the_tars(tmp_path):
    wds = pytest.importorskip('webdataset')
    write_shards(Job(Noise(4), SAID, 4, 'tar'), tmp_path/'out', on='here')
    samples = list(wds.WebDataset(str(tmp_path/'out'/'shard-00000.tar'), shardshuffle=False).decode())
    assert [s['json']['id'] for s in samples] == [f'row {n}' for n in range(4)] and samples[2]['array.npy'].shape == (1, 1024)
