"""Readers of datasets against real files and damaged ones: python benchmarks/readers.py

Real files of HumanML3D, BEAT2, AMASS, PHOENIX-2014T, How2Sign, ASLG-PC12 and the DGS Corpus are other people's and not in this repository. The rule that cleans DGS glosses was made on
their train file; the figure is of their dev file. The formulas of HumanML3D were checked on the one clip that is at hand, which is also the one that is measured: they are the published ones,
and nothing in them was fitted to it. Damage and hostile pickles are those of tests/test_readers.py and tests/test_pickles.py.
"""
import logging, sys, tempfile, time, tracemalloc
from dataclasses import fields
from pathlib import Path

import numpy as np
from signbook.core import SignbookError
from signbook.data.datasets import check, dataset, datasets, samples
from signbook.data.dgs_gloss import clean_glosses
from signbook.data.humanml import joints_to_vectors, motion_to_joints, on_the_floor, rest_of, vectors_to_joints, vectors_to_motion
from signbook.data.miniature import miniature
from signbook.motion.npz import load_npz, save_npz
from table import DATA, HERE, keep

sys.path.insert(0, str(HERE.parent / 'tests'))


def cleaned():
    "Share of lines of the dev file that come out as published, and how many do not."
    raw, clean = ((DATA / 'text' / 'dgs_corpus' / f'dgs_glosses_dev_upper{k}.txt').read_text(encoding='utf-8').splitlines() for k in ('', '_all_cleaned'))
    same = [clean_glosses(r) == c for r, c in zip(raw, clean, strict=True)]
    return dict(lines=len(same), agree=float(np.mean(same)), differ=len(same) - sum(same))


def humanml():
    "Millimetres between stored joints and ours; between a clip of the avatar and the joints it was made of; numbers of a vector made again."
    v, j = (np.load(DATA / 'formats' / 'humanml3d' / f'{n}_012314.npy').astype(float) for n in ('new_joint_vecs', 'new_joints'))
    motion = vectors_to_motion(v)
    back, apart = motion_to_joints(motion, rest_of(j)), lambda a, b: 1000*float(np.linalg.norm(a - b, axis=-1).max())
    bones = motion_to_joints(motion)
    way = lambda p, a, b: (p[:, b] - p[:, a])/np.linalg.norm(p[:, b] - p[:, a], axis=-1, keepdims=True)
    limbs = [np.degrees(np.arccos(np.clip((way(bones, a, b)*way(j, a, b)).sum(-1), -1, 1))) for a, b in ((1, 4), (4, 7), (2, 5), (5, 8), (16, 18), (18, 20), (17, 19), (19, 21))]
    return dict(frames=len(v), joints_mm=apart(vectors_to_joints(v), j), motion_and_back_mm=apart(on_the_floor(back), on_the_floor(j)), limbs_off_degrees=float(np.max(limbs)),
                vectors_first_80_frames=float(np.abs(joints_to_vectors(j, place=False) - v[:-1])[:80].max()))


def same_again(name):
    "Is a clip that is loaded, saved and loaded the same to the last bit?"
    one = load_npz(DATA / 'formats' / 'smplx' / name)
    with tempfile.TemporaryDirectory() as tmp: two = load_npz(save_npz(one, Path(tmp) / 'a.npz'))
    return all(np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b for f in fields(one) for a, b in [(getattr(one, f.name), getattr(two, f.name))])


def miniatures(home):
    "Datasets whose miniature is read whole, and without a finding."
    clean = [n for n, d in datasets().items() if not [f for f in check(n, miniature(d, home / n), deep=True) if f.kind != 'size']]
    return dict(datasets=len(datasets()), clean=len(clean))


def damage(home):
    "Mistakes that are named in one line, with the file and what to do."
    import re, shutil
    from test_readers import DAMAGE
    named = 0
    for i, (name, spoil, kind, says) in enumerate(DAMAGE):
        folder = shutil.copytree(home / name, home / f'damaged-{i}')
        spoil(folder)
        findings = [f for f in check(name, folder, deep=True) if f.kind != 'size']
        named += {f.kind for f in findings} == {kind} and bool(re.search(says, findings[0].text)) and '\n' not in findings[0].text
    return dict(cases=len(DAMAGE), named=named)


def pickles():
    "Pickles that do something, or are no plain data: how many are refused."
    import pickle
    from test_pickles import CALLS, HOSTILE, code, endless, taken
    every, refused = [*(code(n, 'x') for n in CALLS), *HOSTILE.values(), *endless().values()], 0
    for data in every:
        try: taken(data)
        except (SignbookError, pickle.UnpicklingError, TypeError, ValueError, AttributeError): refused += 1
    return dict(cases=len(every), refused=refused)


def speed():
    "Rows a second of the largest real table, and the memory that reading it takes."
    start, problems = time.perf_counter(), []
    rows = sum(1 for _ in samples('dgs_corpus_text', DATA / 'text' / 'dgs_corpus', report=problems.append))
    seconds = time.perf_counter() - start
    tracemalloc.start()
    for _ in samples('dgs_corpus_text', DATA / 'text' / 'dgs_corpus', 'train', problems.append): pass
    peak = tracemalloc.get_traced_memory()[1]; tracemalloc.stop()
    return dict(rows=rows, rows_per_s=rows/seconds, memory_kb=peak/1024)


def main():
    if not (DATA / 'formats' / 'humanml3d').is_dir(): return print(f'skipped: no data to check against at {DATA}; set SIGNBOOK_DATA')
    logging.getLogger('signbook').setLevel(logging.ERROR)       # that fingers are as stored is known
    with tempfile.TemporaryDirectory() as tmp:
        home = Path(tmp)
        keep('readers', dict(dgs_glosses=cleaned(), humanml3d=humanml(), beat2_same_again=same_again('beat2_2_scott_0_1_1.npz'), amass_same_again=same_again('amass_sample.npz'),
                             miniatures=miniatures(home), damage=damage(home), pickles=pickles(), speed=speed()))


if __name__ == '__main__': main()
