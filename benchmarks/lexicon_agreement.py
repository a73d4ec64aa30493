"""The shipped ASL lexicon beside the published coding of ASL-LEX 2.0: python benchmarks/lexicon_agreement.py [--table phonology.csv] [--verbose]

ASL-LEX (Caselli, Sehyr, Cohen-Goldberg, Emmorey; Sehyr et al. 2021) codes the hands of 2,723 signs. Its table is for non-commercial use and is
not in this repository; nothing in the lexicon is generated from it. Here each sign that both have is read from our parsed notation and
compared field by field. Signs have variants: where the table has several entries of one name, the closest counts.
"""
import argparse, collections, csv, os, re
from pathlib import Path

from signbook.signing.lexicon import Lexicon
from signbook.signing.phases import beats
from table import keep

ROOT = Path(__file__).resolve().parent.parent
HEAD = set('head headtop forehead eyebrows eyes nose nostrils ear earlobe cheek lips tongue teeth chin underchin'.split())
NAMES = {'ME': ('i', 'me'), 'HE-SHE-IT': ('he', 'she', 'it'), 'HIS-HER': ('his', 'her'), 'BEAUTIFUL': ('beautiful', 'pretty')}

# our shapes as ASL-LEX names them; then names of one family, which differ in the thumb or in how far fingers bend
SHAPES = {
    'finger2 thumbacrossmod': '1', 'finger2 thumbacrossmod fingerhookmod': 'bent_1', 'finger2 thumboutmod': 'l', 'finger2 thumboutmod fingerhookmod': 'bent_l',
    'finger2 thumboutmod pinky': 'y', 'finger2 thumbacrossmod pinky': 'i', 'flathand': 'open_b', 'flathand thumboutmod': 'open_b',
    'flathand thumbacrossmod': 'closed_b', 'flathand fingerstraightmod': 'flat_b', 'flathand thumboutmod fingerstraightmod': 'flat_b',
    'flathand fingerbendmod': 'curved_b', 'flathand thumboutmod fingerbendmod': 'curved_b', 'fist': 'a', 'fist thumboutmod': 'a', 'fist thumbacrossmod': 's',
    'fist indexfinger between middlefinger': 't', 'finger2345 thumboutmod': '5', 'finger2345 thumboutmod fingerbendmod': 'curved_5',
    'finger2345 thumboutmod fingerhookmod': 'spread_open_e', 'finger2345 thumbacrossmod': '4', 'finger2345 thumboutmod middlefinger fingerstraightmod': 'open_8',
    'pinch12': 'baby_o', 'pinch12open': 'f', 'pinch12open middlefinger ringfinger pinky': 'd', 'pinchall': 'o', 'pinchall fingerstraightmod': 'flat_o',
    'ceeall': 'c', 'ceeall fingerstraightmod': 'flat_o', 'cee12 fingerstraightmod': 'g', 'finger23 thumbacrossmod': 'h', 'finger23 thumbopenmod': 'open_h',
    'finger23 thumboutmod': 'open_h', 'finger23 thumbacrossmod fingerstraightmod': 'flat_h', 'finger23 thumbacrossmod indexfinger fingernail middlefinger': 'r',
    'finger23spread thumbacrossmod': 'v', 'finger23spread thumbopenmod middlefinger fingerstraightmod': 'p',
    'finger23spread thumbacrossmod indexfinger middlefinger ringfinger': 'w'}
FAMILIES = [set(f.split()) for f in ('open_b closed_b flat_b curved_b', 'a s', '5 curved_5 spread_open_e flatspread_5 4', 'o flat_o c curved_b',
                                     '1 bent_1 flat_1 curved_1 d', 'h flat_h open_h v', '8 open_8', 'l bent_l curved_l', 'baby_o g f')]
FINGERS = {**dict.fromkeys('1 bent_1 l bent_l g baby_o f'.split(), 'i'), **dict.fromkeys('h v r p flat_h open_h'.split(), 'im'), 'd': 'mrp', 'open_8': 'm',
           'y': 'p', 'i': 'p', 'w': 'imr', 't': 't', 'a': 't'}


def path_kind(strokes):
    "The most telling path among the strokes of the strong hand."
    for kind, has in (('Circular', lambda p: p.circle), ('Curved', lambda p: any(map(abs, p.bulge))), ('Straight', lambda p: any(map(abs, p.shift)))):
        if any(has(s.path) for s in strokes): return kind
    return 'None'


def major_location(place):
    site, near = place.sites[0][0], place.near
    if place.on_hand: return 'Hand'
    if site in HEAD: return 'Head'
    return 'Body' if site == 'neck' or (site != 'neutralspace' and near in ('touch', 'close', 'cross')) else 'Neutral'


def coding(entry):
    "What our notation says, in the words of ASL-LEX."
    segment, line = entry.sign.segments[0], beats(entry.hamnosys)[0]
    strokes, first = [b.strong for b in line], line[0].strong.begin
    meets = [g.place.meet[0] if g.place.meet else g.place.near for s in strokes for g in (s.begin, s.finish)]
    shape = ' '.join(first.shape.first.names)
    repeats = any(a.repeats for a in segment.actions) or bool(re.search('twisting|nodding|swinging|fingerplay|wavy', entry.hamnosys))
    return dict(shape=SHAPES.get(shape, shape), hands='OneHanded' if line[0].weak is None else 'Symmetrical' if segment.symmetry else 'Asymmetrical',
                place=major_location(first.place), path=path_kind(strokes), contact=str(int(bool({'touch', 'cross', 'interlock'} & set(meets)))),
                repeats=str(int(repeats)))


def compare(ours, row):
    "Field by field: do they say the same?"
    theirs = {k: row[k + '.2.0'] for k in ('Handshape', 'SelectedFingers', 'SignType', 'MajorLocation', 'Movement', 'Contact', 'RepeatedMovement')}
    kind = {'S': 'Symmetrical', 'O': 'OneHanded'}.get(theirs['SignType'][0], 'Asymmetrical')
    shapes, curves = {ours['shape'], theirs['Handshape']}, {'Straight', 'Curved', 'BackAndForth', 'Z-shaped'}
    thumb_or_all = ours['shape'] in ('a', 's') and theirs['SelectedFingers'] in ('t', 'imrp')
    return {'handshape': len(shapes) == 1, 'handshape family': len(shapes) == 1 or any(shapes <= f for f in FAMILIES),
            'selected fingers': thumb_or_all or FINGERS.get(ours['shape'], 'imrp') == theirs['SelectedFingers'], 'sign type': ours['hands'] == kind,
            'major location': ours['place'] == theirs['MajorLocation'], 'path': ours['path'] == theirs['Movement'],
            'path, straight or curved alike': ours['path'] == theirs['Movement'] or {ours['path'], theirs['Movement']} <= curves,
            'contact': ours['contact'] == theirs['Contact'], 'repetition': ours['repeats'] == theirs['RepeatedMovement']}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--table', type=Path, default=Path(os.environ.get('SIGNBOOK_DATA', ROOT.parent / 'shared' / 'data')) / 'asl_lex' / 'phonology.csv')
    p.add_argument('--verbose', action='store_true', help='print every difference')
    args = p.parse_args()
    if not args.table.is_file(): p.error(f'no table at {args.table}; get phonology data of ASL-LEX 2.0 and give --table')
    by_name = collections.defaultdict(list)
    with open(args.table, encoding='utf-8') as f:
        for row in csv.DictReader(f): by_name[re.sub(r'_\d+$', '', row['EntryID'].lower())].append(row)
    agree, n = collections.Counter(), 0
    for e in Lexicon.load('ase'):
        names = NAMES.get(e.gloss, (e.gloss.lower().replace('-', '_').replace("'", ''),))
        rows = [r for name in names for r in by_name.get(name, ())]
        if not rows: continue
        ours, n = coding(e), n + 1
        best = max(rows, key=lambda r: sum(compare(ours, r).values()))
        same = compare(ours, best)
        agree.update({k: int(v) for k, v in same.items()})
        if args.verbose and not all(same.values()): print(f"{e.id:12} {best['EntryID']:16}", ', '.join(k for k, v in same.items() if not v))
    keep('lexicon_agreement', dict(signs=len(Lexicon.load('ase')), compared=n, agreement={k: round(v / n, 3) for k, v in agree.items()}))


if __name__ == '__main__': main()
