"""From video to landmarks: odd and broken files, hands on the wrong side, other people, many videos at once."""
import importlib.util
import os
import resource
import signal
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.data import extract as extraction
from signbook.data.landmarks import join, load, pick, quality, save, save_parts
from signbook.data.repair import FILLED, HANDS, corrupt, judge, repair, runs
from signbook.motion.points import save_pose, saved_meta
from signbook.signing.lexicon import Lexicon
from signbook.signing.synthesis import synthesise
from signbook.signing.timing import Item

needs_av = pytest.mark.skipif(not importlib.util.find_spec('av'), reason='PyAV is not installed')
needs_tracker = pytest.mark.skipif(not all(importlib.util.find_spec(m) for m in ('av', 'mediapipe')), reason='MediaPipe or PyAV is not installed')


def write(path, pictures, codec='libx264', pixels='yuv420p', rate=25, times=None, turn=0, kind=None, stretch=None):
    "A video of pictures (H,W,3 or 4) at times in ms."
    import av
    with av.open(str(path), 'w', format=kind) as film:
        stream, pictures = film.add_stream(codec, rate=rate), list(pictures)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.codec_context.time_base = pixels, Fraction(1, 1000)
        if turn: stream.set_display_rotation(turn)
        if stretch: stream.codec_context.sample_aspect_ratio = stretch
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, 'rgba' if picture.shape[2] == 4 else 'rgb24')
            frame.pts, frame.time_base = int(times[i] if times else 1000*i/rate), Fraction(1, 1000)
            film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    return path


def sound(path):
    import av
    with av.open(str(path), 'w') as film:
        stream = film.add_stream('aac', rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), 'fltp', 'mono')
        frame.sample_rate, frame.pts = 16_000, 0
        film.mux(stream.encode(frame)); film.mux(stream.encode(None))
    return path


def noise(n, size=(64, 48), seed=0): return list(np.random.default_rng(seed).integers(0, 255, (n, size[1], size[0], 3), dtype=np.uint8))


def png(wide, high):
    part = lambda kind, data: struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
    return b'\x89PNG\r\n\x1a\n' + part(b'IHDR', struct.pack('>IIBBBBB', wide, high, 8, 2, 0, 0, 0)) + part(b'IDAT', zlib.compress(bytes(1000))) + part(b'IEND', b'')


def gif(wide, high): return b'GIF89a' + struct.pack('<HHBBB', wide, high, 0x80, 0, 0) + b'\0\0\0\xff\xff\xff\x2c' + struct.pack('<HHHHB', 0, 0, wide, high, 0) + b'\2\2\x44\1\0\x3b'


def avi(wide, high):
    "An AVI header that promises pictures of a size, and holds none."
    part = lambda kind, data: kind + struct.pack('<I', len(data)) + data
    main = struct.pack('<14I', 40_000, 0, 0, 0, 1, 0, 1, 0, wide, high, 0, 0, 0, 0)
    stream = b'vidsMJPG' + struct.pack('<10I4H', 0, 0, 0, 1, 25, 0, 1, 0, 0, 0, 0, 0, 0, 0)
    form = struct.pack('<IiiHH4s5I', 40, wide, high, 1, 24, b'MJPG', 0, 0, 0, 0, 0)
    head = part(b'LIST', b'hdrl' + part(b'avih', main) + part(b'LIST', b'strl' + part(b'strh', stream) + part(b'strf', form)))
    return part(b'RIFF', b'AVI ' + head + part(b'LIST', b'movi' + part(b'00dc', b'\xff\xd8' + bytes(100))))


def whole(path): return write(path, noise(60))


def fast(path):
    "A video whose index stands at its beginning, as on the web."
    import av
    whole(path.with_suffix('.slow.mp4'))
    with av.open(str(path.with_suffix('.slow.mp4'))) as source, av.open(str(path), 'w', options={'movflags': '+faststart'}) as film:
        stream = film.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None: packet.stream = stream; film.mux(packet)
    return path


def cut_off(path, share): path.write_bytes(path.read_bytes()[:int(share*path.stat().st_size)]); return path


def scrambled(path):
    raw = bytearray(whole(path).read_bytes())
    start, stop = raw.index(b'mdat') + 2000, raw.rindex(b'moov') - 100
    raw[start:stop] = np.random.default_rng(1).integers(0, 255, stop - start, dtype=np.uint8).tobytes()
    path.write_bytes(raw)


def written(data): return lambda path: path.write_bytes(data)


BROKEN = {   # name -> (how to make it, what the error says)
    'missing.mp4': (lambda p: None, 'No such file'),
    'folder.mp4': (lambda p: p.mkdir(), 'a folder'),
    'device': (lambda p: p.symlink_to('/dev/zero'), 'a folder or a device'),
    'loop.mp4': (lambda p: p.symlink_to(p), 'symbolic links'),
    'empty.mp4': (written(b''), 'expected a video'),
    'zeros.mp4': (written(bytes(100_000)), 'expected a video'),
    'text.mp4': (written(b'Dear reader,\n'*1000), 'expected a video'),
    'zip.mp4': (written(b'PK\3\4' + bytes(500)), 'expected a video'),
    'json.mp4': (written(b'{"people": []}'), 'expected a video'),
    'ansi.txt': (written(b'\x1b[31mred\n'*500), 'expected a video'),
    'list.m3u8': (written(b'#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:9/a.ts\n#EXT-X-ENDLIST\n'), 'expected a video'),
    'concat.txt': (written(b"ffconcat version 1.0\nfile '/etc/passwd'\n"), 'expected a video'),
    'sound.mp4': (sound, 'expected moving pictures, got audio'),
    'no_index.mp4': (lambda p: cut_off(whole(p), .6), 'expected a video'),
    'half.mp4': (lambda p: cut_off(fast(p), .5), r's of pictures, as it promises|expected a video'),
    'half.mkv': (lambda p: cut_off(write(p, noise(100), 'mjpeg', 'yuvj420p', kind='matroska'), .5), r's of pictures, as it promises|expected a video'),
    'scrambled.mp4': (scrambled, 'expected'),
    'header_only.avi': (written(avi(64, 48)), 'expected'),
    'huge.png': (written(png(60_000, 60_000)), 'expected'),
    'huge.gif': (written(gif(65_000, 65_000)), 'expected'),
    'huge.avi': (written(avi(60_000, 60_000)), 'expected'),
    'jump.mp4': (lambda p: write(p, noise(4), times=[0, 40, 80, 3_600_000]), 'expected a picture every 10 s'),
}


@needs_av
@pytest.mark.parametrize('name', BROKEN)
def test_what_is_no_video_is_one_clear_error(tmp_path, name):
    make, says = BROKEN[name]
    make(tmp_path/name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SignbookError, match=says) as told: extraction.extract_to(tmp_path/name, tmp_path/'out.pose')
    assert '\n' not in str(told.value) and str(told.value).startswith(str(tmp_path/name)) and len(str(told.value)) < 400
    assert not [p for p in tmp_path.iterdir() if 'out' in p.name]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 600 << 10        # KiB: models may be loaded, 10 GB of pixels may not


@needs_av
@pytest.mark.skipif(not hasattr(os, 'geteuid') or os.geteuid() == 0, reason='the superuser may read everything')
def test_a_file_that_may_not_be_read(tmp_path):
    whole(tmp_path/'a.mp4').chmod(0)
    with pytest.raises(SignbookError, match='Permission denied'): extraction.extract(tmp_path/'a.mp4')


@needs_av
def test_a_file_that_may_not_be_read_says_so_whoever_asks(tmp_path, monkeypatch):
    from signbook.data import video
    whole(tmp_path/'a.mp4')
    def refuse(*_): raise PermissionError(13, 'Permission denied')
    monkeypatch.setattr(video, 'open', refuse, raising=False)
    with pytest.raises(SignbookError, match='Permission denied'): extraction.extract(tmp_path/'a.mp4')


def test_missing_packages_name_what_brings_them(tmp_path, monkeypatch):
    (tmp_path/'a.mp4').write_bytes(b'x')
    monkeypatch.setitem(sys.modules, 'av', None)
    with pytest.raises(ImportError, match=r"pip install 'signbook\[video\]'"): extraction.extract(tmp_path/'a.mp4')


@needs_av
@pytest.mark.parametrize('codec,pixels,kind,size', [('libx264', 'yuv420p10le', None, (64, 48)), ('libx264', 'yuv444p', None, (63, 47)), ('ffv1', 'yuv420p', 'matroska', (31, 17)),
                                                     ('mjpeg', 'yuvj420p', 'avi', (64, 48)), ('mpeg4', 'yuv420p', 'mp4', (64, 48)), ('libvpx-vp9', 'yuv420p', 'webm', (64, 48)),
                                                     ('libx264', 'yuv420p', 'mpegts', (64, 48)), ('gif', 'rgb8', 'gif', (64, 48)), ('ffv1', 'gray16le', 'matroska', (64, 48))])
def test_every_kind_of_picture_is_decoded(tmp_path, codec, pixels, kind, size):
    from signbook.data.video import Film
    corner = np.zeros((size[1], size[0], 3), np.uint8); corner[:size[1]//2, :size[0]//2] = 255
    film = Film(write(tmp_path/'film', [corner]*10, codec, pixels, kind=kind or 'mp4'))
    shots = list(film)
    assert film.about.size == size and sum(n for _, n in shots) == 10 and film.count['damaged'] == 0
    for picture, _ in shots: assert picture.shape == (size[1], size[0], 3) and picture[2, 2].min() > 200 and picture[-3, -3].max() < 50


@needs_av
@pytest.mark.parametrize('turn,lit', [(0, (0, 0)), (90, (-1, 0)), (180, (-1, -1)), (-90, (0, -1))])
def test_films_are_turned_upright(tmp_path, turn, lit):
    from signbook.data.video import Film
    corner = np.zeros((48, 64, 3), np.uint8); corner[:24, :32] = 255
    picture = next(iter(Film(write(tmp_path/'f.mp4', [corner]*3, turn=turn))))[0]
    rows, cols = (2 if k == 0 else -3 for k in lit)
    assert picture.shape == ((64, 48, 3) if turn % 180 else (48, 64, 3)) and picture[rows, cols].min() > 200 and picture[::, ::].mean() < 80


@needs_av
@pytest.mark.parametrize('seed', range(5))
def test_any_times_fit_the_clock(tmp_path, seed):
    from signbook.data.video import Film, on_clock
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(5, 200, 40)).tolist()
    ticks = [n for _, n in on_clock(((t/1000, t) for t in times), 25)]
    shown = np.repeat(times, ticks)
    wanted = times[0] + 40.*np.arange(len(shown))
    nearest = np.array([min(times, key=lambda t: abs(t - w)) for w in wanted])
    assert (np.abs(shown - wanted) <= np.abs(nearest - wanted) + 1e-6).all() and abs(len(shown) - (times[-1] - times[0])/40 - 1) <= 1
    film = Film(write(tmp_path/'f.mp4', noise(40), times=times), fps=25)
    assert [n for _, n in film] == [n for n in ticks if n] and film.count == dict(read=40, damaged=0, repeated=sum(max(0, n - 1) for n in ticks), left_out=ticks.count(0))


WORDS = Lexicon.load('ase')


@pytest.fixture(scope='module')
def clips(tmp_path_factory):
    "What an ideal tracker sees of signs that no constant of the repair was chosen on."
    entries, path = [e for e in WORDS if e.hamnosys], tmp_path_factory.mktemp('clips')/'c.pose'
    return [load(save_pose(synthesise([Item(e.gloss, e.hamnosys)]).motion, path)) for e in entries[121:161:2]]


def test_what_is_right_passes_bit_for_bit(clips):
    for clip in clips:
        assert repair(clip) is clip
        moved = corrupt(clip, np.random.default_rng(0), share=1e-9)[0]
        assert repair(moved) is moved


def test_hands_on_the_wrong_side_are_found(clips):
    right, false, missed = sum(judge(clip, 1000 + i) for i, clip in enumerate(clips))
    assert right > 300 and right/(right + false) >= .99 and right/(right + missed) >= .98, (right, false, missed)


def test_a_repair_puts_points_where_they_were(clips):
    off, lost = [], 0
    for i, clip in enumerate(clips):
        broken, truth = corrupt(clip, np.random.default_rng(2000 + i))
        good = repair(broken)
        assert repair(good) is good                                             # what is repaired is right
        for hand in HANDS:
            rows = np.array([r == hand for r in clip.roles])
            seen = good.confidence[:, rows].min(1) > FILLED
            off.append(np.abs(good.points[seen][:, rows] - clip.points[seen][:, rows]).max((1, 2)))
            lost += int((~seen).sum())
        for a, b, part, reason in truth:
            if reason == 'lost' and b - a > 5: assert not (good.confidence[a:b, [r == part for r in clip.roles]] > FILLED).any()   # nothing is invented
    off = np.concatenate(off)
    assert (off > 1e-3).mean() < .01 and lost > 0


def test_what_is_filled_is_always_said(clips):
    for i, clip in enumerate(clips):
        broken, _ = corrupt(clip, np.random.default_rng(3000 + i), share=.3)
        good = repair(broken)
        for part in HANDS:
            rows = np.array([r == part for r in clip.roles])
            changed = (good.points[:, rows] != broken.points[:, rows]).any((1, 2)) | (good.confidence[:, rows] != broken.confidence[:, rows]).any(1)
            told = np.zeros(len(clip), bool)
            for a, b, reason in good.meta.get('repaired', {}).get(part, []): told[a:b] = True
            other = np.zeros(len(clip), bool)                                   # what moved is said of the hand that it is now
            for a, b, reason in good.meta.get('repaired', {}).get(HANDS[1 - HANDS.index(part)], []): other[a:b] |= reason == 'moved'
            assert not (changed & ~told & ~other).any()
        low = (good.confidence > 0) & (good.confidence <= FILLED)
        assert all(b - a <= 5 for column in low.T for a, b in runs(column))


def test_other_layouts_pass_untouched_or_repaired(clips):
    body = pick(clips[0], 'body')
    assert repair(body) is body
    sure = np.array(body.confidence); sure[10:13, 15] = 0
    assert repair(replace(body, confidence=sure)).meta['repaired'] == {'body': [[10, 13, 'filled']]}
    assert repair(pick(clips[0], 'left_hand', 'right_hand')).meta.get('repaired') is None
    few = pick(clips[0], 'body', 'left_index_tip', 'right_index_tip')
    assert repair(few) is few


def test_nothing_is_filled_from_one_track_into_another(clips):
    clip = clips[0]
    sure = np.array(clip.confidence); sure[10:13] = 0
    broken = replace(clip, confidence=sure, meta={**clip.meta, 'tracks': [[0, 12, 'start'], [12, len(clip), 'cut']]})
    assert repair(broken) is broken


def test_parts_are_one_file(clips, tmp_path):
    clip = repair(corrupt(clips[0], np.random.default_rng(5))[0])
    from signbook.data.landmarks import cut
    pieces = [cut(clip, a, min(a + 7, len(clip))) for a in range(0, len(clip), 7)]
    save_parts(iter(pieces), tmp_path/'parts.pose')
    again, one = load(tmp_path/'parts.pose'), join(pieces)
    assert (again.points == clip.points).all() and (again.confidence == clip.confidence).all() and again.meta == one.meta
    def broken():
        yield pieces[0]
        raise RuntimeError('power cut')
    with pytest.raises(RuntimeError): save_parts(broken(), tmp_path/'half.pose')
    assert sorted(p.name for p in tmp_path.iterdir()) == ['parts.pose']


@pytest.fixture(scope='module')
def signer():
    "Pictures of our avatar, 256 pixels."
    if not importlib.util.find_spec('panda3d'): pytest.skip('panda3d is not installed')
    from signbook.show.render import frames
    return list(frames(synthesise([Item('YES', WORDS.get('YES').hamnosys)]).motion, size=256, pick=range(10, 26)))


@needs_tracker
def test_a_jump_to_another_person_and_a_cut_begin_tracks(tmp_path, signer):
    wall = np.full_like(signer[0], signer[0][0, 0])
    beside = lambda left, right: np.concatenate([left, right], 1)
    alone = [beside(p, wall) for p in signer[:8]] + [beside(wall, p) for p in signer[:8]]
    lm = extraction.extract(write(tmp_path/'jump.mp4', alone))
    assert len(lm) == 16 and lm.meta['tracks'][0][0] == 0 and len(lm.meta['tracks']) == 2 and abs(lm.meta['tracks'][1][0] - 8) <= 2, lm.meta['tracks']
    scene = [255 - p for p in alone[:8]] + alone[:8]
    cut_film = extraction.extract(write(tmp_path/'cut.mp4', scene))
    assert [8, 16, 'cut'] in cut_film.meta['tracks']
    assert [len(t) for t in extraction.tracks(lm, least=5)] == sorted((b - a for a, b, _ in lm.meta['tracks']), reverse=True)


@needs_tracker
def test_several_people_are_said(tmp_path, signer):
    lm = extraction.extract(write(tmp_path/'two.mp4', [np.concatenate([p, p[:, ::-1]], 1) for p in signer[:6]]))
    assert lm.meta['people'] == dict(looks=1, several=1, most=2)


@needs_tracker
def test_a_film_is_the_same_in_parts_and_whole(tmp_path, signer, monkeypatch):
    film = write(tmp_path/'f.mp4', signer)
    monkeypatch.setattr(extraction, 'PART', 5)
    lm, seen = extraction.extract(film, licence='CC0-1.0'), []
    extraction.extract_to(film, tmp_path/'f.pose', licence='CC0-1.0', progress=lambda done, all: seen.append((done, all)))
    again = load(tmp_path/'f.pose')
    assert (again.points == lm.points).all() and (again.confidence == lm.confidence).all() and again.meta == lm.meta == {**saved_meta(tmp_path/'f.pose')}
    assert seen == [(i + 1, 16) for i in range(16)] and lm.meta['tracks'] == [[0, 16, 'start']] and lm.meta['licence'] == 'CC0-1.0'
    assert quality(lm)['body'] == 1 and lm.fps == 25 and lm.size == (256, 256) 


@needs_tracker
def test_repeated_ticks_repeat_their_points(tmp_path, signer):
    lm = extraction.extract(write(tmp_path/'f.mp4', signer[:4], times=[0, 40, 80, 240]), fps=25)
    assert len(lm) == 7 and (lm.points[2] == lm.points[3]).all() and lm.meta['clock']['repeated'] == 3


@needs_tracker
def test_many_videos(tmp_path, signer):
    films = tmp_path/'films'; films.mkdir()
    for i in range(3): write(films/f'{i}.mp4', signer[4*i:4*i + 4])
    (films/'bad.mp4').write_bytes(b'no video')
    paths, out, seen = sorted(films.iterdir()), tmp_path/'out'/'deep', []
    first = extraction.extract_all(paths, out, workers=2, progress=lambda *a: seen.append(a))
    assert [(r['frames'], r['fault'], r['skipped']) for r in first] == [(4, '', False)]*3 + [(0, 'SignbookError', False)] and 'expected a video' in first[3]['error']
    assert sorted(p.name for p in out.iterdir()) == ['0.pose', '1.pose', '2.pose'] and [s[:2] for s in seen] == [(i + 1, 4) for i in range(4)]
    before = {p.name: (p.read_bytes(), p.stat().st_mtime_ns) for p in out.iterdir()}
    (out/'.extracting').mkdir(); (out/'.extracting'/'left.pose').write_bytes(b'half')                  # of a run that was killed
    write(films/'1.mp4', signer[:4])                                                                  # another video under the same name
    (out/'2.pose').write_bytes(b'cut off')
    second = extraction.extract_all(paths, out, workers=1)
    assert [r['skipped'] for r in second] == [True, False, False, False] and not (out/'.extracting').exists()
    assert (out/'0.pose').stat().st_mtime_ns == before['0.pose'][1] and (out/'2.pose').read_bytes() == before['2.pose'][0] and (out/'1.pose').read_bytes() != before['1.pose'][0]
    assert extraction.extract_all(paths[:1], out, workers=1, fps=12.5)[0]['frames'] == 2              # other settings, another result
    with pytest.raises(SignbookError, match='one video for a result'): extraction.extract_all([films/'0.mp4', tmp_path/'0.mp4'], out)


INTERRUPTED = """
import os, signal, sys
from signbook.data.extract import extract_all
def stop(done, all, one): os.kill(os.getpid(), signal.SIGINT)
if __name__ == '__main__':
    signal.signal(signal.SIGINT, signal.default_int_handler)     # a shell that started the tests in the background may have switched it off
    extract_all(sys.argv[2:], sys.argv[1], workers=1, progress=stop)
"""


@needs_tracker
@pytest.mark.skipif(os.name == 'nt', reason='signals')
def test_ctrl_c_leaves_nothing_half(tmp_path, signer):
    films = [str(write(tmp_path/f'{i}.mp4', signer[:4] if not i else signer)) for i in range(3)]
    (tmp_path/'script.py').write_text(INTERRUPTED)
    done = subprocess.run([sys.executable, str(tmp_path/'script.py'), str(tmp_path/'out'), *films], capture_output=True, text=True,
                          env={**os.environ, 'PYTHONPATH': str(Path(extraction.__file__).parents[2])})
    assert done.returncode in (1, 130, -signal.SIGINT) and 'KeyboardInterrupt' in done.stderr, done.stderr
    assert [p.name for p in (tmp_path/'out').iterdir()] == ['0.pose'] and len(load(tmp_path/'out'/'0.pose')) == 4


@needs_tracker
def test_the_real_recording(shared_data):
    "Every fourth frame of it: everything is seen, and another tracker saw it in the same places."
    from signbook.data.keypoints import read
    from signbook.data.landmarks import resized
    lm = extraction.extract(shared_data/'video'/'human_signer.mp4', fps=6)
    other = resized(read(shared_data/'formats'/'dwpose'/'human_signer'), lm.size)
    assert quality(lm)['body'] == 1 and quality(lm)['face'] >= .95 and lm.size == (1280, 720) and lm.meta['tracks'] == [[0, len(lm), 'start']]
    for place in ('nose', 'left_shoulder', 'right_shoulder', 'left_elbow', 'right_elbow', 'left_wrist', 'right_wrist'):
        mine, theirs = (pick(pick(l, 'body'), place).points[:, 0, :2] for l in (lm, other))
        assert np.median(np.linalg.norm(mine[:33] - theirs[::4][:33], axis=-1)) < .03*1280, place
