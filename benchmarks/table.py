"""The table of bars in README.md, written from results/*.json: python benchmarks/table.py [--check]"""
import argparse, hashlib, importlib.util, json, os, sys
from pathlib import Path
from signbook.core import atomic_path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / 'results'
DATA = Path(os.environ.get('SIGNBOOK_DATA', HERE.parents[1] / 'shared' / 'data'))   # other people's recordings and lexicons, not in the repository
START, END = '<!-- written by table.py -->', '<!-- until here -->'


def keep(name, out, hide=()):
    "Print the figures; write them to results/NAME.json and into the table (None: only print)."
    if name:
        RESULTS.mkdir(exist_ok=True)
        with atomic_path(RESULTS / f'{name}.json') as tmp: tmp.write_text(json.dumps(out, indent=1) + '\n')
        write()
    print(json.dumps({k: v for k, v in out.items() if k not in hide}, indent=1))


def malformed():
    "Entries of the dictionaries that are written wrongly, by name."
    from signbook.signing.lexicon import read_table
    return {r['id'] for _, r in read_table(HERE.parent / 'tests' / 'hamnosys_malformed.tsv', ('id', 'reason'))[0]}


def missing(*modules):
    "Why a benchmark cannot run here, or ''."
    gone = [m for m in modules if importlib.util.find_spec(m) is None]
    return f"skipped: {', '.join(gone)} not installed (make install)" if gone else ''


def code_mark(*files):
    "The package as it is now, and some files more: what was made by another one is out of date."
    own = sorted(p for p in (HERE.parent / 'signbook').rglob('*.py') if p.parent.name in ('signing', 'motion', 'show'))
    return hashlib.sha256(b''.join(Path(p).read_bytes() for p in (*own, *files))).hexdigest()


def percent(x): return f'{100*x:.1f} %'

def plain(x): return f'{x:.0f}' if x >= 100 else f'{x:.3g}'

def at_least(key, bar, unit='', show=None): return lambda d: (show(d[key]) if show else plain(d[key]) + unit, d[key] >= bar)
def at_most(key, bar, unit='', show=None): return lambda d: (show(d[key]) if show else plain(d[key]) + unit, d[key] <= bar)

def every_clip(*keys):
    "Share of clips that keep all of some limits: how many of them at least, and all of them is the bar."
    return lambda d: (', '.join(f"{k.replace('_', ' ')} {percent(d['share_of_clips'][k])}" for k in keys) + ' of clips', all(d['share_of_clips'][k] == 1 for k in keys))

def line(d):
    return (', '.join(f"{n} word{'s'*(n > 1)} {d[f'words_{n}_ms']:.0f} ms" for n in (1, 10, 100)), d['words_10_to_100_times'] <= 12)

def beside(d):
    us, them = (d[k]['8']['ms_a_word'] for k in ('ours', 'theirs'))
    return f'ours {us:.1f} ms a word, theirs {them:.1f}', us <= them

def letters(d): return f"ours {percent(d['ours'])}, real hands {percent(d['ceiling'])}", d['within_5_points']

def alphabets(d):
    first, second = d['first_reading'], d['second_reading']
    low, high = first['interval_95']
    return (f"ours {percent(first['ours'])} of {first['letters']} letters (interval {100*low:.0f} to {100*high:.0f} %), other signers {percent(first['ceiling'])}; second reading, "
            f"after changes that the first one led to: {percent(second['ours'])}, {percent(second['ceiling'])}", first['within_5_points'])

def codes_agree(field, bar):
    "How often the finished lexicon is coded as people coded it, beside the commonest value alone, and Cohen's kappa."
    def answer(d):
        f = d['fields'][field]
        return f"{percent(f['agreement'])} of {f['n']} (commonest {percent(f['majority'])}, kappa {f['kappa']:.2f})", f['agreement'] >= bar
    return answer

def together(d):
    return (f"{d['answers']} answers, {d['errors']} errors, {d['mixed']} mixed, memory {100*d['memory_growth']:+.1f} %",
            d['errors'] == d['mixed'] == 0 and d['memory_growth'] <= .05)


def stable(d):
    s = d['sigml']
    return f"H-G-H {s['h_g_h']}, G-H-G {s['g_h_g']} of {s['signs']}; {percent(s['carried_whole'] / s['signs'])} carried whole", s['h_g_h'] == s['g_h_g'] == s['signs']


def fuzzed(d):
    f = d['fuzz']
    return (f"{f['mutations']} strings, {f['neither_read_nor_refused']} anything else; p99 {f['ms_p99']:.1f} ms, max {f['ms_max']:.1f} ms",
            f['neither_read_nor_refused'] == f['slower_than_20_ms'] == 0)


def metres(key, bar):
    "A distance of `contact`, over all bodies and on the worst of them."
    def answer(d):
        worst = max(d['by_body'].values(), key=lambda b: b['place_m'][key])
        return f"{100*d['place_m'][key]:.2f} cm of {d['contacts']} contacts (worst body {100*worst['place_m'][key]:.2f} cm)", d['place_m'][key] <= bar
    return answer


def named(d): return f"{percent(d['named'])} of {d['signs']} (by chance {percent(d['by_chance'])})", d['named'] >= .8

def hundredfold(d):
    times = [d['times_real_time'], *(d['line'][f'signs_{n}']['times_real_time'] for n in (10, 100))]
    return 'signs one by one {:.0f} times, in lines of 10 {:.0f} times, of 100 {:.0f} times'.format(*times), min(times) >= 100

def straight(d):
    a = d['line']
    return ', '.join(f"{n} sign{'s'*(n > 1)} {a[f'signs_{n}']['processor_ms']:.0f} ms" for n in (1, 10, 100)), a['times_10_to_100'] <= 12


def accepted(d):
    return f"{percent(d['test'])} of {d['test_sentences']} (in the order of English, without scopes, {percent(d['test_in_english_order'])})", d['test'] >= .9

def covered(d):
    f, t = d['frequent_words'], d['how2sign']
    return (f"words {percent(f['signed'] + f['left_out'])} signed or left out, the rest spelled; text: {percent(t['signed'])} signed, {percent(t['spelled'])} spelled, "
            f"{percent(t['left_out'])} left out", None)

def between(key, low, high, show): return lambda d: (show(d[key]), low <= d[key] <= high)

def faces_said(d): return f"{percent(d['seen_and_absent'])} of {d['scopes']} scopes", d['seen_and_absent'] >= .95

def own_part(d):
    leak = max(d['slider_leaks_s'].values())
    return f"other parts change by at most {1000*leak:.1f} ms", leak < .001

def felt(d):
    f = d['feelings']
    return f"least {percent(d['least_as_notated'])} of phases (neutral {percent(f['neutral']['as_notated'])}) on {d['signs']} signs", d['least_as_notated'] >= .95


def counted(d, part, whole): return f"{d[part]} of {d[whole]}", d[part] == d[whole]

def lifted(d):
    e = d['exact']
    return (f"{e['loss']['ours']:.4f} beside {e['loss']['published_1000_steps']:.4f}, {e['refinement_times_faster']:.0f} times faster",
            e['clips_with_no_more_loss'] == 1 and e['refinement_times_faster'] >= 20)

def depths(d):
    ours, published = d['exact']['depth']['ours'], d['exact']['depth']['published']
    return ', '.join(f"{k} {ours[k]['mm']:.0f} mm (published {published[k]['mm']:.0f}, flat {ours[k]['flat_mm']:.0f})" for k in ('wrists', 'fingers')), None

def sentences(which, bar):
    def answer(d):
        s = d['speed'][which]
        return f"{s['per_s']:.0f} a second ({s['per_processor_s']:.0f} a processor second)", s['per_s'] >= bar
    return answer

def resumed(d):
    return (f"{d['job_same']} of {d['job_killed']}; a worker killed: {d['worker_same']} of {d['worker_killed']}",
            d['job_same'] == d['job_killed'] >= 20 and d['worker_same'] == d['worker_killed'])

def level(d):
    m = d['memory']
    return (', '.join(f"{k} {m[k + '_64_mib']} to {m[k + '_640_mib']} MiB" for k in ('parquet', 'tar')),
            all(m[k + '_640_mib'] <= 1.1*m[k + '_64_mib'] for k in ('parquet', 'tar')))


def below(to):
    "How far the translator that ships is below the ceiling on kinds of sentence it never saw."
    def answer(d):
        exact, bleu = (d['points_below_the_ceiling'][f'{to}_{k}'] for k in ('exact', 'bleu'))
        own = d['test']['to_gloss'] if to == 'to_gloss' else d['on_the_sentences_of_the_ceiling']
        return f"exact {percent(own['exact'])}, {exact:.1f} points below; BLEU-4 {own['older_bleu4']:.1f}, {bleu:.1f} below", max(exact, bleu) <= 5
    return answer


def methods(d):
    loss = lambda name: ' / '.join(f"{d[c]['systems'][name]['dev_loss']:.2f}" for c in ('aslg', 'generated'))
    return '; '.join(f'{name} {loss(name)}' for name in ('base', 'scratch', 'card', 'lora', 'dora', 'lora everywhere', 'full')), None


def adapters_alone(d):
    own = [s for c in ('aslg', 'generated') for s in d[c]['systems'].values() if 'base_weights' in s and s.get('merged_apart') is not None]
    same, apart = all(len(set(s['base_weights'])) == 1 for s in own), max(s['merged_apart'] for s in own)
    return f"{', '.join(map(str, sorted({s['trained'] for s in own})))} numbers; base bit by bit {'the same' if same else 'CHANGED'}; merged {apart:.1g} apart", same and apart <= 1e-4


def right_number(d):
    shares = [d[k]['systems']['counted']['number_right'] for k in ('asl', 'phoenix')]
    return ', '.join(map(percent, shares)), min(shares) >= .99


def busy(d): return f" (machine busy, load {d['load']:.0f})" if d['busy'] else ''

def followed(d):
    seen = d['real']['seen']
    return (', '.join(f"{k.replace('_', ' ')} {percent(seen[k])}" for k in ('body', 'face', 'left_hand', 'right_hand')),
            seen['body'] == 1 and seen['face'] >= .99 and min(seen['left_hand'], seen['right_hand']) >= .85)

def beside_dwpose(d):
    body, wrists = d['real']['from_dwpose'], d['real']['wrists_from_dwpose']
    return f"body {100*body:.2f} %, wrists {100*wrists:.2f} %", max(body, wrists) <= .015

def mended(d):
    e = d['errors']['kept_aside']
    return f"precision {percent(e['precision'])}, recall {percent(e['recall'])}; clean clips unchanged {percent(e['clean_unchanged'])}", None

def fitted(which, key, bar): return lambda d: (f"{d[which][key]:.1f} mm", d[which][key] <= bar)

def on_video(d):
    p = d['video']['pixels']
    return (', '.join(f"{k.replace('_', ' ')} {p[k]:.1f}" for k in ('body', 'left_hand', 'right_hand')),
            p['body'] <= 8 and max(p['left_hand'], p['right_hand']) <= 6)

def to_gloss(d):
    found = d['phoenix_to_gloss_small']
    bleu = lambda name: f"{found['systems'][name]['older_bleu4']:.2f}"
    return f"{found['mean_of_seeds']:.2f}; together {bleu('together')}, with a second opinion {bleu('together, second opinion')}", found['mean_of_seeds'] >= 21


def together_at_least(which, bar):
    def answer(d):
        s = d[which]['systems']['together']
        return f"{s['older_bleu4']:.2f} (interval {s['interval_95'][0]:.1f} to {s['interval_95'][1]:.1f})", s['older_bleu4'] >= bar
    return answer

def ahead(which):
    "A lead counts only over a baseline that was trained to its end."
    def answer(d):
        a, cut = d[which]['ahead_of_published'], d[which].get('published_was_cut_by_the_time')
        low, high = a['interval_95']
        return (f"{a['bleu4']:+.2f} BLEU-4 (interval {low:+.1f} to {high:+.1f})" + ", but the published recipe was cut by the time: not settled"*bool(cut), None if cut and low > 0 else low > 0)
    return answer

BARS = (   # what is asked, by which script, and how its results answer: (figure, met)
    ('at least 95 % of phases are as notated, every item', 'fidelity', at_least('share_of_phases', .95, show=percent)),
    ('joints within their limits in every frame', 'fidelity', every_clip('limit')),
    ('hands at most 1 cm inside the body or each other', 'fidelity', every_clip('depth', 'hands_depth')),
    ('wrists at most 4 m/s, no jumps', 'fidelity', every_clip('speed', 'turn_deg')),
    ('dictionary corpus: at least 99.5 % of well-formed entries are read', 'corpus_fidelity', at_least('parsed', .995, show=percent)),
    ('dictionary corpus: at least 99 % move cleanly (joint limits, at most 1 cm inside anything)', 'corpus_fidelity', at_least('clean', .99, show=percent)),
    ('dictionary corpus: at least 85 % of signs are faithful, every item, nothing left out', 'corpus_fidelity', at_least('faithful', .85, show=percent)),
    ('dictionary corpus: at least 95 % of phases are as notated', 'corpus_fidelity', at_least('phases_as_notated', .95, show=percent)),
    ('dictionary corpus: measured within 600 s on two cores', 'corpus_fidelity', at_most('seconds', 600, ' s')),
    ('hands touch what they are to touch, five bodies: median at most 1 cm', 'contact', metres('median', .01)),
    ('hands touch what they are to touch, five bodies: 95th percentile at most 2 cm', 'contact', metres('p95', .02)),
    ('no deeper than 1 cm there', 'contact', lambda d: (f"{percent(d['depth_within_1_cm'])} of contacts, deepest {100*d['depth_m']['max']:.2f} cm", d['depth_m']['max'] <= .01)),
    ('the animator alone: at least 100 times real time on one core, nothing remembered', 'animator', hundredfold),
    ('the animator alone: time in proportion to the length', 'animator', straight),
    ('blind naming of random signs, ten candidates each: at least 80 % named', 'sheets', named),
    ('MediaPipe finds the face in at least 99 % of frames', 'seen', at_least('face', .99, show=percent)),
    ('MediaPipe finds the signing hand in at least 95 % of frames inside a sign', 'seen', at_least('hand', .95, show=percent)),
    ('its hand landmarks lie within 0.2 palm lengths (median; fists apart)', 'seen', at_most('landmarks', .2, show=lambda x: f'{x:.3f}')),
    ('the same for fists (no bar)', 'seen', lambda d: (f"{d['landmarks_fists']:.3f}", None)),
    ('letters read by a classifier that knows only real hands: within 5 points of real hands', 'letters', letters),
    ('letters of German and Swiss alphabets at the first look at their recordings, nearest recorded letter: within 5 points of other signers', 'alphabets', alphabets),

    ('grammar on the rendered face, as MediaPipe sees it: in its scope and not half a second outside it, at least 95 % of scopes', 'nonmanual', faces_said),
    ('blinks on the rendered face: 10 to 25 a minute', 'nonmanual', between('blinks_a_minute', 10, 25, lambda x: f'{x:.1f} a minute')),
    ('no channel of the face moves by more than a quarter of its range in a frame', 'nonmanual', at_most('largest_step', .25, show=percent)),
    ('pauses take 15 to 20 % of texts of several clauses', 'prosody', between('pause_share', .15, .2, percent)),
    ('sliders of signs, ways and pauses change only their own part', 'prosody', own_part),
    ('every feeling: at least 95 % of phases as notated', 'prosody', felt),
    *((f'finished signs coded as in ASL-LEX 2.0: {name} at least {100*bar:.0f} %', 'lexicon_agreement', codes_agree(field, bar)) for name, field, bar in
      (('handshape', 'Handshape', .90), ('sign type', 'SignType', .97), ('major location', 'MajorLocation', .95), ('minor location', 'MinorLocation', .85),
       ('contact', 'Contact', .90), ('repetition', 'RepeatedMovement', .95))),
    ('gloss lines of hand-written sentences, test half: at least 90 % in an accepted order with its scopes', 'gloss', accepted),
    ('the 2,000 commonest words of How2Sign, and its text (no bar)', 'gloss', covered),
    ('text to gloss, 8 words, at most 2 ms', 'gloss', at_most('ms_8_words', 2, ' ms')),
    ('text to `Motion`, 8 words, at most 40 ms, of signs that were signed before', 'speed', at_most('motion_p50_ms', 40, ' ms')),
    ('the same, of signs never signed before', 'speed', at_most('new_signs_p50_ms', 40, ' ms')),
    ('text to GLB, 8 words, median at most 150 ms', 'speed', at_most('glb_p50_ms', 150, ' ms')),
    ('text to GLB, 8 words, 95th percentile at most 400 ms', 'speed', at_most('glb_p95_ms', 400, ' ms')),
    ('time in proportion to the length', 'speed', line),
    ('first sentence in a fresh process at most 2 s', 'speed', at_most('first_sentence_s', 2, ' s')),
    ('demo up within 8 s', 'speed', at_most('demo_up_s', 8, ' s')),
    ('first sentence of a fresh demo within 2 s', 'speed', at_most('demo_first_sentence_s', 2, ' s')),
    ('MP4, 512 x 512 with 2 x supersampling and encoding, at least 60 frames/s', 'speed', at_least('mp4_frames_per_s', 60, ' frames/s')),
    ('`signbook gloss "hello"` within 1 s', 'speed', at_most('cli_gloss_s', 1, ' s')),
    ('`signbook sign "hello" -o x.npz` within 2 s', 'speed', at_most('cli_sign_s', 2, ' s')),
    ('`import signbook` within 0.3 s, without torch', 'speed', at_most('import_s', .3, ' s')),
    ('a real signer: body in every frame, face in 99 %, each hand in 85 % of frames', 'extract', followed),
    ('a real signer: body and wrists where DWPose has them, median at most 1.5 % of the width', 'extract', beside_dwpose),
    ('exchanged and lost hands, made on purpose: found, and nothing else changed (no bar)', 'extract', mended),
    ('tracking a video: at least 0.9 times the rate of a bare MediaPipe loop', 'extract', lambda d: (f"{d['speed']['of_bare']:.2f} times{busy(d['speed'])}", d['speed']['of_bare'] >= .9)),
    ('two workers at least 1.6 times as fast as one', 'extract', lambda d: (f"{d['workers']['two_by_one']:.2f} times{busy(d['workers'])}", d['workers']['two_by_one'] >= 1.6)),
    ('memory of a video does not grow with its length', 'extract', lambda d: (f"{d['memory']['short_mb']:.0f} to {d['memory']['long_mb']:.0f} MB for four times the length", d['memory']['growth'] <= .05)),
    *((f'fit from true 3D points with noise, five bodies: {part} at most {bar} mm', 'fit', fitted('exact', key, bar)) for part, key, bar in (('upper body', 'upper_mm', 10), ('wrists', 'wrists_mm', 8), ('hands', 'hands_mm', 4))),
    *((f'rendered, tracked, fitted, three cameras and five bodies: {part} at most {bar} mm', 'fit', fitted('loop', key, bar)) for part, key, bar in (('upper body', 'upper_mm', 40), ('wrists', 'wrists_mm', 45), ('hands', 'hands_mm', 8))),
    ('the same: at least 95 % of held hands keep their handshape', 'fit', lambda d: (f"{percent(d['loop']['label'])} of {d['loop']['hold_hands']}", d['loop']['label'] >= .95)),
    ('a real signer fitted: body at most 8, hands at most 6 pixels off', 'fit', on_video),
    ('an avatar that stands, rendered and tracked, stays in its place: depth within 3 mm (standard deviation)', 'fit', lambda d: (f"{d['loop']['depth_std_mm']:.2f} mm", d['loop']['depth_std_mm'] <= 3)),
    ('four recorded signs fitted: at most 1 % of frames with a hand over 1 cm inside or behind the trunk', 'fit', lambda d: (percent(d['signs']['inside']), d['signs']['inside'] <= .01)),
    ('recorded finger alphabets (18 languages) fitted, rendered and read again: own letter nearest, at least 90 %', 'refit',
     lambda d: (f"{percent(d['reread'])} of {d['letters']} (fitted points {percent(d['fitted'])}; the recording's own frames {percent(d['alternate'])})", d['reread'] >= .9)),
    ('the same fitted from landmarks without depth, languages kept aside, not rendered (no bar)', 'refit', lambda d: (percent(d['flat_kept']), None)),
    ('BEAT2 to joints and back by fit: at most 5 mm mean', 'fit', lambda d: (f"{d['beat2']['mean_mm']:.1f} mm", d['beat2']['mean_mm'] <= 5)),
    ('fit: at least 15 frames/s', 'fit', lambda d: (f"{d['video']['frames_a_second']:.0f} on the video, {d['exact']['frames_a_second']:.0f} where every point has depth (load {d['load'][0]:.0f})",
                                                    min(d['video']['frames_a_second'], d['exact']['frames_a_second']) >= 15)),
    ('face, rendered and tracked: brow raise, jaw and blink correlate by at least .9', 'faces', lambda d: (f"{d['aims']['correlation']:.2f}", d['aims']['correlation'] >= .9)),
    ('turn of the head within 5 degrees (median)', 'faces', lambda d: (f"{d['aims']['head_deg']:.1f}", d['aims']['head_deg'] <= 5)),
    ('a still face stays below .1 in every action', 'faces', lambda d: (f"{d['aims']['still_most']:.2f}", d['aims']['still_most'] < .1)),
    ('263-d HumanML3D to joints: at most 1 mm from the stored ones', 'readers', lambda d: (f"{d['humanml3d']['joints_mm']:.4f} mm", d['humanml3d']['joints_mm'] <= 1)),
    ('263-d HumanML3D to the avatar and back to its joints: at most 1 mm', 'readers', lambda d: (f"{d['humanml3d']['motion_and_back_mm']:.3f} mm", d['humanml3d']['motion_and_back_mm'] <= 1)),
    ('BEAT2 and AMASS clips: load, save, load identical', 'readers', lambda d: ('both' if d['beat2_same_again'] and d['amass_same_again'] else 'not both', d['beat2_same_again'] and d['amass_same_again'])),
    ('glosses of the DGS Corpus cleaned as published, dev file: at least 99.9 % of lines', 'readers', lambda d: (f"{100*d['dgs_glosses']['agree']:.2f} % of {d['dgs_glosses']['lines']}", d['dgs_glosses']['agree'] >= .999)),
    ('every dataset in miniature is read whole and without a finding', 'readers', lambda d: counted(d['miniatures'], 'clean', 'datasets')),
    ('damaged datasets: one line with file and fix for each mistake', 'readers', lambda d: counted(d['damage'], 'named', 'cases')),
    ('hostile pickles are refused', 'readers', lambda d: counted(d['pickles'], 'refused', 'cases')),
    ('lifting: no more loss than 1,000 steps of the published descent, tens of times faster', 'lift', lifted),
    ('lifting: at least 2,000 frames/s on one core', 'lift', lambda d: (f"{d['exact']['frames_per_s']:.0f} frames/s ({d['exact']['frames_per_processor_s']:.0f} a processor second)", d['exact']['frames_per_s'] >= 2000)),
    ('depth of lifted wrists and fingers (no bar)', 'lift', depths),
    ('generated sentences as 30 fps parameters, one core, of signs never signed before: at least 20 a second', 'corpus', sentences('new_signs', 20)),
    ('the same of signs that were signed before: at least 200 a second', 'corpus', sentences('known_signs', 200)),
    ('no sentence, name, gloss line or clip is shared between splits, 10,000 texts', 'corpus', lambda d: (f"{d['leaks']['leaks']} shared", d['leaks']['leaks'] == 0)),
    ('generated items: the same bytes from two processes in two orders', 'corpus', lambda d: counted(d['determinism'], 'identical', 'items')),
    ('constructed sign languages: at least 99 % of the changed notations move', 'corpus', lambda d: (percent(d['constructed']['animate']), d['constructed']['animate'] >= .99)),
    ('plain actions, five bodies: at most 1 % of frames with foot skating (GMD)', 'actions', at_most('skate', .01, show=percent)),
    ('feet at most 1 cm in the floor', 'actions', at_most('depth_m', .01, show=lambda x: f'{1000*x:.2f} mm')),
    ('no leg joint beyond its limits, every clip', 'actions', at_least('within_limits', 1., show=percent)),
    ('jumps fall freely: 9.81 m/s² within 1 %', 'actions', lambda d: (f"{d['jump_g'][0]:.2f} to {d['jump_g'][1]:.2f} m/s²", max(abs(g/9.81 - 1) for g in d['jump_g']) <= .01)),
    ('co-speech: strokes within 80 ms of stressed onsets, from sound to clip, at least 95 %', 'actions', lambda d: (f"{percent(d['cospeech']['within_80_ms'])} of {d['cospeech']['strokes']}", d['cospeech']['within_80_ms'] >= .95)),
    ('a sharded job killed with kill -9 at 20 random moments and resumed is byte-identical', 'shards', resumed),
    ('two local Ray workers write the same shards as one process', 'shards', lambda d: (f"Ray {d['ray']}", all(d['ray_same'].values())) if 'ray_same' in d else (d['ray'], None)),
    ('memory of a job does not grow with ten times as many rows', 'shards', level),
    ('PHOENIX-2014T gloss to German, dev, three seeds: BLEU-4 (older convention) at least 25.0 in the mean', 'translation', lambda d: (f"{d['phoenix_to_text']['mean_of_seeds']:.2f}", d['phoenix_to_text']['mean_of_seeds'] >= 25)),
    ('the same, three together: at least 26.0', 'translation', together_at_least('phoenix_to_text', 26)),
    ('German to gloss, dev, three seeds: at least 21 in the mean', 'translation', to_gloss),
    ('the same by the networks of a GPU, from glosses as they are published (no bar)', 'translation', lambda d: (f"{d['phoenix_to_gloss']['mean_of_seeds']:.2f}", None)),
    ('the published recipe on PHOENIX-2014T, trained here to its end: to German, to gloss (no bar)', 'translation', lambda d: (', '.join(f"{d['published_to_its_end'][k]['older_bleu4']:.2f}" for k in ('text', 'gloss')), None)),
    *((f'{name}: ahead of the published recipe outside the interval', 'translation', ahead(key)) for name, key in (('CSL-Daily', 'csl_to_text'), ('DGS Corpus', 'dgs_to_text'), ('ASLG-PC12', 'aslg_to_text'))),
    ('number of sentences as the gloss line asks, counted while writing, at least 99 %: ASL, PHOENIX-2014T dev', 'length', right_number),
    ('fluency no worse than cutting afterwards (ratio of perplexities, at most 1): ASL, PHOENIX-2014T dev', 'length', lambda d: (', '.join(str(d[k]['counted_over_cut'][0]) for k in ('asl', 'phoenix')), all(d[k]['counted_over_cut'][0] <= 1 for k in ('asl', 'phoenix')))),
    ('the same of drawn samples (no bar)', 'length', lambda d: (', '.join(str(d[k]['drawn_counted_over_cut'][0]) for k in ('asl', 'phoenix')), None)),
    ('the translator that ships, kinds of sentence it never saw: English to glosses within 5 points of the ceiling', 'asl', below('to_gloss')),
    ('the same, glosses to English', 'asl', below('to_text')),
    ('glosses to English in at most 150 ms a sentence, median and 95th percentile', 'asl', lambda d: (', '.join(f"{d['latency']['to_text'][k]:.0f}" for k in ('p50_ms', 'p95_ms')) + ' ms', d['latency']['to_text']['p95_ms'] <= 150)),
    ('hand-written English to glosses in an accepted order: by the network, by the rules (no bar)', 'asl', lambda d: (', '.join(percent(d['hand_written'][k]) for k in ('network', 'rules')), None)),
    ('fine-tuning a base of a million weights at equal steps on ASLG-PC12 / generated ASL: loss on dev pairs, nats a token (no bar)', 'adapters', methods),
    ('only adapters train, the base stays bit by bit; merged within 1e-4', 'adapters', adapters_alone),
    ("the card's recipe on the shape of Llama-3.2-1B (no bar)", 'adapters', lambda d: (f"{d['one_billion']['trained']:,} numbers trained, {d['one_billion']['peak_gib']} GiB, {d['one_billion']['processor_seconds_a_step']} s of a processor core for 12 pairs", None)),
    ('real gloss lines refused, mean of eight kinds (no bar)', 'plausible', lambda d: (percent(d['gloss_lines_refused_mean']), None)),
    ('sentences taken for gloss lines: as usually written, all in capitals (no bar)', 'plausible', lambda d: (', '.join(percent(d[k]) for k in ('sentences_accepted_mean', 'sentences_in_capitals_accepted_mean')), None)),
    ('beside spoken-to-signed 0.4.0, 8 words', 'peers', beside),
    ('at least 99.5 % of well-formed dictionary entries are read strictly and print back', 'notation', at_least('share_of_well_formed', .995, show=percent)),
    ('from H-SiGML to G-SiGML and back, both ways, nothing changes any more', 'notation', stable),
    ('mutated notations: read or refused with a place, nothing else, each within 20 ms', 'notation', fuzzed),
    ('ten people, five sentences each, at once: no error, nothing mixed, memory flat', 'users', together),
)


def rows():
    "Lines of the table."
    yield '| bar | script | figure | met |\n|---|---|---|---|'
    for asked, script, answer in BARS:
        file = RESULTS / f'{script}.json'
        try: figure, met = answer(json.loads(file.read_text())) if file.is_file() else ('not run yet', None)
        except KeyError: figure, met = 'not run since this was asked', None
        yield f"| {asked} | [{script}.py]({script}.py) | {figure} | {'' if met is None else 'yes' if met else '**no**'} |"


def written():
    "README.md as it should be."
    head, _, rest = (HERE / 'README.md').read_text().partition(START)
    return head + START + '\n' + '\n'.join(rows()) + '\n' + END + rest.partition(END)[2]


def write():
    text = written()
    with atomic_path(HERE / 'README.md') as tmp: tmp.write_text(text)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--check', action='store_true', help='write nothing; fail if the table is not what the results say')
    if p.parse_args().check: sys.exit(0 if written() == (HERE / 'README.md').read_text() else 'benchmarks/README.md is stale: run python benchmarks/table.py')
    write()
    print('\n'.join(rows()))


if __name__ == '__main__': main()
