"""What files say of themselves: ours of every kind, other people's, and broken ones."""
from dataclasses import replace

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.data.provenance import as_text, provenance, stamp
from signbook.motion.formats import save
from signbook.motion.motion import Motion, notice

META = dict(source='the film of 1913', licence='CC BY-SA 4.0', language='ase', synthetic=False, generator='a camera')


@pytest.fixture(scope='module')
def clip(): return stamp(Motion(np.zeros((2, 55, 3)), meta=META), consent='by letter', tools=('numpy',))


@pytest.mark.parametrize('suffix', ['npz', 'pose', 'glb', 'vtt', 'bvh', 'mp4', 'webm', 'gif', 'png'])
@pytest.mark.parametrize('synthetic', [True, False])
def test_our_own_files(tmp_path, clip, suffix, synthetic):
    if suffix in ('mp4', 'webm', 'gif', 'png'): pytest.importorskip('av'); pytest.importorskip('panda3d')
    from signbook.show import gltf, render
    saver = {'glb': gltf.save_glb, **{s: getattr(render, f'save_{s}') for s in ('mp4', 'webm', 'gif', 'png')}}.get(suffix, save)
    clip = replace(clip, meta=clip.meta | dict(synthetic=synthetic))
    said = provenance(saver(clip, tmp_path/f'clip.{suffix}', **(dict(size=64) if suffix in ('mp4', 'webm', 'gif', 'png') else {})))
    whole = suffix in ('npz', 'pose', 'glb')
    assert (said['origin'], said['language']) == ('synthetic' if synthetic else 'captured', 'ase')
    if whole or not synthetic: assert (said['source'], said['licence'], said['allows']) == (META['source'], META['licence'], 'what is made of it comes under the same licence')
    if whole: assert said['consent'] == 'by letter' and said['versions'].keys() == {'signbook', 'numpy'} and said['generator'] == 'a camera'
    if suffix not in ('npz', 'pose', 'bvh'): assert said['notice'] == notice(clip)
    assert META['source'] in as_text(said) or synthetic


def test_other_peoples_files_say_little(tmp_path, shared_data):
    for path in ('pose/00_example.pose', 'smplx/amass_sample.npz', 'smplx/beat2_2_scott_0_1_1.npz'):
        said = provenance(shared_data/'formats'/path)
        assert said['licence_family'] == 'not stated' and said['consent'] == 'not said' and said['origin'] != 'synthetic'
    said = provenance(shared_data/'video'/'human_signer.mp4')
    assert (said['origin'], said['licence_family']) == ('not said', 'not stated')


@pytest.mark.parametrize('name,raw', [('a.glb', b''), ('a.glb', b'glTF' + b'\0'*16), ('a.glb', b'glTF\2\0\0\0\24\0\0\0\2\0\0\0JSON{}'), ('a.vtt', b'1\n00:00'), ('a.mp4', b'no film'), ('a.png', b'\x89PNG'), ('a.npz', b'PK'),
                                      ('a.bvh', b'HIERARCHY'), ('a.pose', b'\0'), ('a.tar', b'x'*2000), ('a.parquet', b'PAR1'), ('a.xyz', b''), ('a', b'')])
def test_files_that_are_not_what_they_are_called(tmp_path, name, raw):
    (tmp_path/name).write_bytes(raw)
    with pytest.raises(SignbookError, match=name): provenance(tmp_path/name)


def test_folders_that_hold_no_shards(tmp_path):
    with pytest.raises(SignbookError, match='manifest.json'): provenance(tmp_path)
    (tmp_path/'manifest.json').write_text('[]')
    with pytest.raises(SignbookError, match='JSON object'): provenance(tmp_path)
    (tmp_path/'manifest.json').write_text('{"shards": []}')
    with pytest.raises(SignbookError): provenance(tmp_path)
