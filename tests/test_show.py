"""Looks, pictures and GLB files: what a chapter's cells are too short for, and what other people's programs say about our files."""
import json
import os
import shutil
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.motion.body import CLOTH, load
from signbook.motion.motion import Motion, Span
from signbook.motion.skeleton import ARKIT, arkit, joint
from signbook.show.dress import KINDS, dress, kind, posed
from signbook.show.gltf import glb_bytes, read_glb, save_glb
from signbook.show.looks import HAIR_STYLES, LOOKS, NECKLINES, contrast

pytest.importorskip('panda3d', reason="panda3d is not installed (pip install 'signbook[render]')")
from signbook.show import render  # noqa: E402

META = dict(source='made up for a test', licence='CC0-1.0', language='ase', synthetic=True, generator='test')


def clip(seconds=1.0, seed=0, actions=('browInnerUp', 'eyeBlinkLeft', 'mouthSmileRight', 'jawOpen'), betas=None):
    "Arms, fingers, head and some of the face, in smooth made-up movement."
    rng, T = np.random.default_rng(seed), max(1, round(seconds*30))
    t = np.linspace(0, 2*np.pi*seconds, T)[:, None, None]
    amount = np.zeros((55, 3)); amount[12:22] = rng.normal(0, .3, (10, 3)); amount[25:, 2] = rng.uniform(0, .9, 30)*np.repeat([-1, 1], 15)
    poses = amount*(1 - np.cos(t*rng.uniform(.3, 1.2)))/2
    poses[:, joint('left_shoulder'), 2] -= 1.1; poses[:, joint('right_shoulder'), 2] += 1.1
    face = np.zeros((T, len(ARKIT)))
    face[:, [arkit(a) for a in actions]] = rng.uniform(.3, 1, len(actions))*np.sin(t[:, 0])**2
    return Motion(poses, trans=.01*np.sin(t[:, 0])*[1, 0, 0], expression=face, betas=betas, meta=META, spans=[Span('HELLO', '"héllo" <b>', 'sign', 0., seconds/2)])


# Looks

@pytest.mark.parametrize('name', LOOKS)
def test_every_look_can_be_read(name):
    look = LOOKS[name]
    assert contrast(look.skin, look.shirt) >= 4.5
    assert contrast(look.shirt, look.background) >= 4.5
    assert contrast(look.skin, look.background) >= 1.5


@pytest.mark.parametrize('hair, neckline', list(product(HAIR_STYLES, NECKLINES)))
def test_every_cut_is_sound(hair, neckline):
    d = dress(load(), replace(LOOKS['navy'], hair_style=hair, neckline=neckline))
    assert np.isfinite(d.vertices).all() and np.isfinite(d.albedo).all() and d.albedo.min() >= 0 and d.albedo.max() <= 1
    assert np.allclose(np.linalg.norm(d.normals, axis=1), 1, atol=1e-3)
    assert d.faces.min() == 0 and d.faces.max() == len(d.vertices) - 1 and (d.faces[:, 0] != d.faces[:, 1]).all()
    present = {KINDS[k] for k in np.unique(d.kind)}
    assert set(KINDS) - present <= ({'hair'} if hair == 'bald' else set())


def test_cloth_is_as_thin_as_promised():
    b = load()
    for neckline in NECKLINES:
        d = dress(b, replace(LOOKS['navy'], neckline=neckline))
        cloth = np.isin(d.kind, [kind('shirt'), kind('trim')])
        assert np.linalg.norm(d.vertices - d.mix @ b.v_template, axis=1)[cloth].max() <= CLOTH + 1e-5


def test_shape_changes_carry_everything_along():
    b = load()
    base = dress(b, 'wine')
    for betas in ([1.], [-1.], [0, 1.], [.5, -.5, .5, -.5]):
        d = dress(b, 'wine', betas)
        assert (d.faces == base.faces).all()
        shift = np.linalg.norm((d.vertices - base.vertices) - base.mix @ (b.shaped(np.array(betas, np.float32)) - b.v_template), axis=1)
        assert shift.max() < 1e-5


def test_dressing_is_remembered_per_body_shape_and_look():
    b = load()
    assert dress(b, 'navy') is dress(b, LOOKS['navy'], np.zeros(10))
    assert dress(b, 'navy') is not dress(b, 'navy', [.5]) and dress(b, 'navy') is not dress(replace(b, id='another'), 'navy')


# Pictures

def test_pixels_are_the_same_in_another_process(tmp_path):
    script = tmp_path/'draw.py'
    script.write_text('import sys; sys.path.insert(0, sys.argv[1])\nfrom hashlib import sha256\nfrom test_show import clip\nfrom signbook.show import render\n'
                      'print(sha256(render.still(clip(.2), 5, 128).tobytes()).hexdigest())')
    here = sha256(render.still(clip(.2), 5, 128).tobytes()).hexdigest()
    there = subprocess.run([sys.executable, str(script), str(Path(__file__).parent)], capture_output=True, text=True, check=True, timeout=120).stdout.split()[-1]
    assert here == there


def test_threads_never_mix_pictures():
    jobs = [(seed, look, size) for seed, (look, size) in enumerate([('navy', 64), ('sand', 80), ('wine', 64), ('sky', 96)]*3)]
    def draw(job): return [f.tobytes() for f in render.frames(clip(.3, job[0]), job[1], job[2])]
    alone = [draw(j) for j in jobs]
    with ThreadPoolExecutor(4) as pool: assert list(pool.map(draw, jobs)) == alone


def test_many_sizes_do_not_pile_up():
    for size in range(40, 100, 8): render.still(clip(.1), 0, size)
    assert len(render.engine().windows) <= 4 and len(render.engine().meshes) <= 8


def test_the_whole_signing_space_is_in_the_picture():
    joints = load().joints()
    for camera, points in (('front', [[0, .42, .05], [.48, .1, .2], [-.48, .1, .2], [.42, -.3, .1], [0, -.38, .3]]), ('hands', [[.3, .1, .3], [-.3, -.15, .3], [0, .25, .1]])):
        _, matrix = render.projection(camera, joints)
        for p in points:
            at = matrix @ [*(joints[9] + p), 1]
            assert np.abs(at[:2]/at[3]).max() < 1, f'{camera} loses the point {p}'


def test_transparent_pictures_have_clean_edges():
    plain, clear = render.still(clip(.1), 0, 160, look='sand'), np.asarray(render.still(clip(.1), 0, 160, look='sand', transparent=True)).astype(int)
    assert set(np.unique(clear[..., 3])) >= {0, 255} and clear.shape == (160, 160, 4)
    wall = np.array([int(LOOKS['sand'].background[i:i+2], 16) for i in (1, 3, 5)])
    laid = (clear[..., :3]*clear[..., 3:] + wall*(255 - clear[..., 3:]))/255
    assert np.abs(laid - np.asarray(plain)).max() <= 4, 'laid over the wall it is the same picture'


@pytest.mark.parametrize('bad', [dict(camera='top'), dict(look='tuxedo'), dict(frame=99), dict(camera=dict(eye=(0, 0, 1)))])
def test_bad_requests_say_what_is_wrong(bad):
    with pytest.raises(SignbookError): render.still(clip(.1), **bad)


@pytest.mark.parametrize('save, name', [(render.save_mp4, 'a.mp4'), (render.save_webm, 'a.webm'), (render.save_gif, 'a.gif')])
def test_a_failed_film_leaves_nothing_behind(save, name, tmp_path):
    def stop(i, n):
        if i == 3: raise KeyboardInterrupt
    (tmp_path/name).write_bytes(b'old')
    with pytest.raises(KeyboardInterrupt): save(clip(.5), tmp_path/name, size=64, progress=stop)
    assert (tmp_path/name).read_bytes() == b'old' and os.listdir(tmp_path) == [name]


def test_films_play_with_notice_and_alpha(tmp_path):
    av = pytest.importorskip('av')
    render.save_webm(clip(.3), tmp_path/'a.webm', size=96)
    with av.open(str(tmp_path/'a.webm')) as film:
        stream = film.streams.video[0]
        assert stream.metadata.get('alpha_mode', stream.metadata.get('ALPHA_MODE')) == '1'
        assert any('Not reviewed by signers' in v for v in film.metadata.values())
    render.save_mp4(clip(.3), tmp_path/'a.mp4', size=(96, 128))
    with av.open(str(tmp_path/'a.mp4')) as film:
        stream = film.streams.video[0]
        assert (stream.width, stream.height, stream.pix_fmt, stream.codec_context.name) == (96, 128, 'yuv420p', 'h264')
        assert sum(1 for _ in film.decode(stream)) == 9


# GLB

CLIPS = {'five seconds': lambda: clip(5, 1), 'one frame': lambda: clip(0), 'no face': lambda: clip(1, 2, ()), 'rest': lambda: Motion(np.zeros((30, 55, 3)), meta=META),
         'whole face': lambda: clip(2, 3, ARKIT), 'tall': lambda: clip(1, 4, betas=[1., .5]), 'long': lambda: clip(40, 5)}


@pytest.fixture(scope='module')
def validate():
    "The Khronos glTF validator, if node and its npm package are here."
    node = shutil.which('node')
    if not node: pytest.skip('node is not installed; the Khronos validator needs it')
    roots = [os.environ.get('SIGNBOOK_NODE_MODULES', ''), *os.environ.get('NODE_PATH', '').split(os.pathsep), 'node_modules']
    found = next((Path(r)/'gltf-validator' for r in roots if r and (Path(r)/'gltf-validator').is_dir()), None)
    if not found: pytest.skip('npm package gltf-validator not found; run `npm install gltf-validator` and point SIGNBOOK_NODE_MODULES at its node_modules')
    script = f"require({json.dumps(str(found.resolve()))}).validateBytes(new Uint8Array(require('fs').readFileSync(0))).then(r => console.log(JSON.stringify(r.issues)))"
    return lambda data: json.loads(subprocess.run([node, '-e', script], input=data, capture_output=True, check=True, timeout=120).stdout)


@pytest.mark.parametrize('name', CLIPS)
def test_the_khronos_validator_finds_nothing(name, validate):
    issues = validate(glb_bytes(CLIPS[name](), 'wine'))
    assert issues['numErrors'] == 0 and issues['numWarnings'] == 0, issues['messages'][:3]


@pytest.mark.parametrize('name', LOOKS)
def test_a_five_second_clip_fits(name):
    assert len(glb_bytes(clip(5, 1), name)) <= 2_000_000


def test_other_readers_open_it(tmp_path):
    pygltflib, trimesh = pytest.importorskip('pygltflib'), pytest.importorskip('trimesh')
    path, motion = tmp_path/'a.glb', clip(2)
    save_glb(motion, path, 'forest')
    theirs = pygltflib.GLTF2().load(str(path))
    assert len(theirs.skins[0].joints) == 55 and theirs.asset.extras['notice'] == theirs.asset.copyright
    assert theirs.asset.extras['spans'][0]['word'] == '"héllo" <b>'
    again, ours = read_glb(b''.join(theirs.save_to_bytes())), read_glb(path.read_bytes())
    assert again[0]['bufferViews'] == ours[0]['bufferViews'] and again[0]['nodes'] == ours[0]['nodes'] and again[1][:len(ours[1])] == ours[1]
    scene = trimesh.load(BytesIO(path.read_bytes()), file_type='glb', process=False)
    assert sum(len(g.faces) for g in scene.geometry.values()) == len(dress(load(), 'forest').faces)


def test_container_lengths_are_right():
    data = glb_bytes(clip(.5))
    magic, version, length = struct.unpack('<4sII', data[:12])
    document, binary = read_glb(data)
    assert (magic, version, length) == (b'glTF', 2, len(data)) and document['buffers'][0]['byteLength'] == len(binary) and len(binary) % 4 == 0
    assert all(v['byteOffset'] + v['byteLength'] <= len(binary) for v in document['bufferViews'])


def test_only_what_the_clip_uses_is_written():
    def targets(m): return [n for mesh in read_glb(glb_bytes(m))[0]['meshes'] for n in mesh.get('extras', {}).get('targetNames', []) if not n.startswith('corrective')]
    assert set(targets(clip(1, 2, ()))) == set()
    assert set(targets(clip(1, 2, ('mouthPucker',)))) == {'mouthPucker'}
    still = Motion(np.tile(clip(.1).poses[:1], (30, 1, 1)), meta=META)
    animation, = read_glb(glb_bytes(still))[0]['animations']
    assert len(animation['channels']) == 1, 'a clip that rests keeps its duration and nothing else'


def test_time_grows_with_length_not_its_square():
    import time
    def cost(seconds):
        m = clip(seconds, 1); best = np.inf
        for _ in range(3): start = time.process_time(); glb_bytes(m); best = min(best, time.process_time() - start)
        return best
    cost(1)
    assert cost(60) < 12*cost(5) + .15


def test_a_body_without_names_is_dressed_posed_and_written():
    plain = replace(load(), id='plain', regions={}, landmarks={}, fields={}, extras={})
    d, m = dress(plain, 'navy'), clip(.3)
    assert np.isfinite(posed(d, m)).all() and len(read_glb(glb_bytes(m, 'navy', plain))[0]['meshes']) >= 3
    assert render.still(m, 0, 64, body=plain).size == (64, 64)
