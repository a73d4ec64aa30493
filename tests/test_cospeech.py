"Speech whose truth is known (a synthetic voice), and the gestures that go with it; transcripts alone; broken recordings."
import importlib.util
import json
import wave

import numpy as np
import pytest

from signbook.core import SignbookError
from signbook.data.cospeech import MOOD, POINTS, CoSpeech, Gesture, cospeech, gestures_for, sentences, stroke_peaks
from signbook.data.footing import judge
from signbook.data.speech import HOP, RATE, align, babble, imagine, listen, pitch, read_wav, speak, syllable_count, syllables_in
from signbook.motion.body import load
from signbook.motion.skeleton import arkit, joint
from signbook.signing.emotion import STYLES

TEXT = 'Listen, I told you that the old station was right there, and nobody believed me!'


def voice(seed, n=14, noise=1e-3):
    "A sound, the onsets of its syllables, and which of them are stressed."
    rng = np.random.default_rng(seed)
    strong = np.zeros(n, bool)
    strong[1 + np.arange(0, n - 2, 3) + rng.integers(0, 2, len(np.arange(0, n - 2, 3)))] = True
    onsets = .6 + np.cumsum(rng.uniform(.2, .32, n) + .35*(rng.random(n) < .12))
    base = rng.uniform(90, 220)
    hz, loud = base*np.where(strong, 1.35, rng.uniform(.95, 1.05, n)), np.where(strong, 1., rng.uniform(.3, .42, n))
    return babble(onsets, hz, loud, noise=noise, seed=seed), onsets, strong


def save(path, samples, rate=RATE, width=2, channels=1):
    "Samples as a PCM file."
    whole = np.round(np.repeat(samples[:, None], channels, 1)*(2**(8*width - 1) - 1)).astype(np.int64)
    data = (whole + 128).astype(np.uint8).tobytes() if width == 1 else whole.astype('<i8').view(np.uint8).reshape(*whole.shape, 8)[..., :width].tobytes()
    with wave.open(str(path), 'wb') as f:
        f.setnchannels(channels), f.setsampwidth(width), f.setframerate(rate), f.writeframes(data)
    return path


@pytest.mark.parametrize('seed', range(5))
def test_syllables_and_stress_are_heard(seed):
    sound, onsets, strong = voice(seed)
    found = syllables_in(sound, RATE)
    assert len(found) == len(onsets)
    assert np.abs(np.array([s.start for s in found]) - onsets).max() < .04
    stressed = [s.start for s in listen(sound, RATE, 'la '*len(onsets)).stressed]
    assert stressed == [s.start for s, x in zip(found, strong) if x]


@pytest.mark.parametrize('hz', [80, 120, 200, 330])
def test_pitch_is_not_an_octave_off(hz):
    f0 = pitch(babble([.2], [hz], [1.], length=.4))
    assert np.nanmedian(f0) == pytest.approx(hz, rel=.03)
    assert np.isnan(f0[:int(.15/HOP)]).all()


@pytest.mark.parametrize('seed', range(5))
def test_strokes_fall_on_stressed_onsets(seed):
    "From a wav to a clip: every beat ends within 80 ms of a syllable that really was stressed."
    sound, onsets, strong = voice(50 + seed)
    speech = listen(sound, RATE, 'la '*len(onsets))
    made = [g for g in gestures_for(speech, 'angry', seed) if g.kind == 'beat']
    clip = cospeech(speech, 'angry', seed)
    assert made
    for g in made:
        for left in g.hands:
            peaks = stroke_peaks(clip, left)
            peak = peaks[np.abs(peaks - g.at).argmin()]
            assert np.abs(peak - onsets[strong]).min() <= .08


def test_every_gesture_has_its_phases():
    speech = imagine(TEXT)
    at = speech.stressed[2].start
    clip = cospeech(speech, gestures=(Gesture('beat', (False,), at, 1.),))
    wrist = load().fk(clip.poses, clip.trans)[1][:, joint('right_wrist'), 1]
    k = round(at*30)
    assert wrist[k - 6] - wrist[k] > .05                         # the stroke comes down
    assert np.ptp(wrist[k:k + 5]) < .04                          # the hold hardly moves
    assert wrist[k] - wrist[k + 40] > .03 and np.ptp(wrist[k + 30:k + 45]) < .02   # back to rest, and there it stays
    left = load().fk(clip.poses, clip.trans)[1][:, joint('left_wrist'), 1]
    assert np.ptp(left[k - 15:k + 40]) < .02                     # the other hand rests


def test_points_go_where_words_say():
    body = load()
    where = {}
    for word, place in (('me', 'me'), ('you', 'you'), ('there', 'there'), ('here', 'here')):
        speech = imagine(f'Look, {word}, again.')
        w = next(w for w in speech.words if w.text == word)
        clip = cospeech(speech, gestures=(Gesture('point', (False,), w.start, 1., POINTS[word]),))
        at = body.fk(clip.poses, clip.trans)[1][round(w.start*30) + 2]
        where[place] = at[joint('right_wrist')] - at[joint('right_shoulder')]
    assert where['you'][2] > .3 and where['me'][2] < .3 and where['there'][0] < -.1 < where['me'][0] and where['here'][1] < where['you'][1] - .1


def test_feelings_change_how_many_and_how_large():
    speech = imagine(TEXT)
    def mean(mood, value): return np.mean([value(gestures_for(speech, mood, seed)) for seed in range(30)])
    assert mean('sad', len) < mean('neutral', len) < mean('angry', len)
    def size(made): return np.mean([g.size for g in made]) if made else 0
    assert mean('sad', size) < mean('neutral', size) < mean('angry', size)
    assert set(MOOD) == set(STYLES)
    smile = arkit('mouthSmileLeft')
    assert cospeech(speech, 'happy').expression[40:-40, smile].mean() > cospeech(speech, 'sad').expression[40:-40, smile].mean() + .2


@pytest.mark.parametrize('betas', [(), (1.,), (0., -1., .8, -.6)])
def test_a_speaker_stands_on_the_floor_and_moves_the_lips(betas):
    clip = cospeech(imagine(TEXT), 'surprise', 2, betas)
    j = judge(clip)
    assert j['skate'] == 0 and j['depth_m'] < .01 and j['over_rad'] == 0 and j['acceleration_m_s2'] < 150
    assert clip.expression[:, arkit('jawOpen')].std() > .02 and clip.expression[:, arkit('eyeBlinkLeft')].max() > .5
    assert {s.kind for s in clip.spans} == {'word', 'gesture'} and clip.meta['timing'] == 'transcript'


@pytest.mark.parametrize('width,channels,rate', [(1, 1, 16000), (2, 2, 44100), (3, 1, 22050), (4, 2, 8000)])
def test_recordings_of_every_width_are_read(tmp_path, width, channels, rate):
    t = np.arange(rate//2)/rate
    samples, got = read_wav(save(tmp_path/'a.wav', .5*np.sin(2*np.pi*220*t), rate, width, channels))
    assert got == rate and samples.shape == t.shape and np.abs(samples - .5*np.sin(2*np.pi*220*t)).max() < .02


def test_what_is_no_speech_is_refused(tmp_path):
    (tmp_path/'no.wav').write_bytes(b'RIFFjunk')
    for path in (tmp_path/'no.wav', tmp_path/'gone.wav', tmp_path):
        with pytest.raises(SignbookError, match='PCM'):
            read_wav(path)
    with pytest.raises(SignbookError, match='got none'):
        read_wav(save(tmp_path/'empty.wav', np.zeros(0)))
    rng = np.random.default_rng(0)
    for samples, message in ((np.zeros(RATE), 'silent'), (np.full(RATE, np.nan), 'finite'), (np.zeros((10, 2)), 'one channel'), (np.zeros(3), 'at least')):
        with pytest.raises(SignbookError, match=message):
            listen(samples, RATE, 'hello')
    with pytest.raises(SignbookError, match='expected words'):
        listen(voice(0)[0], RATE, '...')
    assert len(voice(1, noise=.02)[1]) == len(syllables_in(voice(1, noise=.02)[0], RATE))     # some noise does not hurt
    assert all(0 <= s.stress <= 1 for s in syllables_in(voice(2)[0] + .05*rng.normal(size=len(voice(2)[0])), RATE))


def test_words_are_laid_along_syllables():
    sound, onsets, strong = voice(3, 12)
    words = align('la ' * 12, syllables_in(sound, RATE))
    assert np.abs(np.array([w.start for w in words]) - onsets).max() < .05
    words = align('banana '*4, syllables_in(sound, RATE))
    assert np.abs(np.array([w.start for w in words]) - onsets[::3]).max() < .05
    assert all(a.end <= b.start + 1e-9 for a, b in zip(words, words[1:]))
    assert [syllable_count(w) for w in ('strength', 'idea', 'beautiful', 'rhythm', 'created', 'boxes', 'apples')] == [1, 2, 3, 1, 2, 2, 2]


def test_items_depend_on_seed_and_number_alone():
    some, more = CoSpeech(40, seed=9), CoSpeech('large', seed=9)
    for i in (0, 11, 39):
        assert some[i] == more[i]
    row = some[11].row()
    assert {'id', 'split', 'kind', 'language', 'text', 'motion', 'licence', 'synthetic', 'words', 'audio'} <= set(row) and row == more[11].row()
    assert [w for w, *_ in json.loads(row['words'])] == [w.text for w in some[11].speech.words]
    with pytest.raises(SignbookError, match='size'):
        CoSpeech('much')


def test_no_sentence_is_in_two_splits():
    import re
    where = {}
    for i in range(3000):
        x = CoSpeech(3000, seed=1)[i]
        for s in re.split(r'(?<=[.?!]) ', x.text):
            where.setdefault(s, set()).add(x.split)
    assert all(len(s) == 1 for s in where.values()) and set().union(*where.values()) == {'train', 'dev', 'test'}
    assert len(where) > 500 and len(sentences()[0]) >= 30


def test_without_the_extra_it_says_so():
    if importlib.util.find_spec('espeakng_loader'):
        sound, rate = speak(TEXT)
        speech = listen(sound, rate, TEXT)
        assert len(sound) > 2*rate and len(speech.words) == 15 and len(speech.stressed) >= 3
        assert CoSpeech(1, voice='en-us')[0].row()['audio_rate'] == rate
        with pytest.raises(SignbookError, match='voice'):
            speak('hello', 'klingon-of-nowhere')
    else:
        with pytest.raises(ImportError, match=r'signbook\[speech\]'):
            speak(TEXT)
