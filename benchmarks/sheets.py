"""Contact sheets of the lexicon, to be looked at: python benchmarks/sheets.py [--only HELLO] [--again]

Every sign at its start, where it is farthest from both ends, and at its end, from the front and from the side: results/sheets/NN.png, twenty a page.
Pages that are up to date are left as they are, so a run that was stopped goes on.

Blind naming: --blind 60 --seed 1 --out FOLDER --key FILE draws random signs without labels, numbered, and writes ten candidates for each number to
FOLDER/candidates.tsv; what the signs are is in the key alone. --score ANSWERS KEY counts answers (lines of number and gloss).
"""
import argparse, hashlib, json, multiprocessing, os, random, re, time
from pathlib import Path
import numpy as np
from signbook.core import atomic_path
from table import RESULTS, code_mark, keep, missing

SHEETS = RESULTS / 'sheets'
A_PAGE, COLUMNS, SIZE, COLOURS = 20, 4, (130, 152), 24   # of the committed pages (pixels of a picture): all of them together stay below 6 MB
BLIND_PAGE, BLIND_COLUMNS, BLIND_SIZE = 12, 3, (172, 200)   # larger: a reader has nothing but the picture
CANDIDATES, ALIKE = 10, 3                               # of them share the handshape, and as many the place
VIEWS = (dict(joint=9, target=(0, .075, .06), eye=(0, .14, 2.70), fov_deg=20.5), dict(joint=9, target=(0, .075, .25), eye=(2.35, .19, 1.17), fov_deg=20.5))
LABEL = 16                                              # pixels


def moments(made):
    "Three frames: the first of the phases, the one that is farthest from both ends, the last."
    from signbook.motion.points import track
    motion, last = made.motion, len(made.motion) - 1
    a, b = (int(np.clip(round(f(t)*motion.fps), 0, last)) for f, t in ((lambda p: min(x.start for x in p), made.phases), (lambda p: max(x.end for x in p), made.phases)))
    seen = track(motion, ('right_hand', 'left_hand'))
    hands = np.concatenate([seen[h][0][a:b + 1] for h in ('right_hand', 'left_hand')], 1)
    away = np.minimum(*(np.linalg.norm(hands - hands[[k]], axis=-1).mean(-1) for k in (0, -1)))
    return a, a + int(away.argmax()), b


def tile(sign, size, label):
    "One sign: three moments from the front above three from the side, under a label."
    from PIL import Image, ImageDraw, ImageFont
    from signbook.show.render import frames
    from signbook.signing.synthesis import synthesise
    from signbook.signing.timing import Item
    name, notation, marks = sign
    made = synthesise([Item(name, notation, marks=marks)])
    pick = list(moments(made))
    rows = [np.concatenate(list(frames(made.motion, size=size, camera=view, pick=pick)), 1) for view in VIEWS]
    out = Image.new('RGB', (3*size[0], 2*size[1] + LABEL), 'white')
    out.paste(Image.fromarray(np.concatenate(rows)), (0, LABEL))
    ImageDraw.Draw(out).text((4, 1), label, fill='black', font=ImageFont.load_default(LABEL - 4))
    return out


def page(job):
    "Draw a page and write it; its mark says what it was drawn from."
    path, signs, labels, size, columns, mark = job
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo
    tiles = [tile(s, size, l) for s, l in zip(signs, labels)]
    wide, high = tiles[0].size
    sheet = Image.new('RGB', (columns*(wide + 4) - 4, -(-len(tiles)//columns)*(high + 4) - 4), 'grey')
    for k, t in enumerate(tiles): sheet.paste(t, (k % columns*(wide + 4), k//columns*(high + 4)))
    about = PngInfo(); about.add_text('Drawn from', mark)
    with atomic_path(path) as tmp: sheet.quantize(COLOURS, dither=Image.Dither.NONE).save(tmp, format='PNG', optimize=True, pnginfo=about)
    return path.name


def drawn_from(path):
    from PIL import Image
    if not path.is_file(): return ''
    with Image.open(path) as image: return image.info.get('Drawn from', '')


def entries(language):
    from signbook.signing.lexicon import Lexicon
    return [e for e in Lexicon.load(language) if e.hamnosys]

def what(e): return e.id, e.hamnosys, e.nonmanual

def draw(jobs, workers):
    with multiprocessing.get_context('spawn').Pool(workers) as pool:
        for name in pool.imap(page, jobs): print(name, flush=True)


def all_sheets(args):
    "The committed pages: draw what is missing or out of date."
    signs, code, jobs = entries(args.language), code_mark(__file__), []
    pages = [signs[k:k + A_PAGE] for k in range(0, len(signs), A_PAGE)]
    for n, own in enumerate(pages):
        path, mark = SHEETS / f'{n + 1:02}.png', hashlib.sha256(json.dumps([code, *map(what, own)]).encode()).hexdigest()
        if args.again or drawn_from(path) != mark: jobs.append((path, list(map(what, own)), [e.id for e in own], SIZE, COLUMNS, mark))
    SHEETS.mkdir(parents=True, exist_ok=True)
    if jobs: draw(jobs, args.workers)
    wanted = {f'{n + 1:02}.png' for n in range(len(pages))}
    for old in SHEETS.glob('*.png'):
        if old.name not in wanted: old.unlink()
    print(f'{len(signs)} signs on {len(pages)} pages ({len(jobs)} drawn now), {sum(p.stat().st_size for p in SHEETS.glob("*.png"))/1e6:.2f} MB')


def traits(e):
    "(handshape, place) as first written; a sign that names no place is made in the space before the signer."
    from signbook.signing.symbols import KIND
    first = lambda *kinds: next((n for n in e.sign.names if KIND[n] in kinds), 'space')
    return first('handshape'), first('body site', 'arm site', 'hand site')


def candidates(e, signs, rng):
    "Ten glosses, the right one among them: some share its handshape, some its place; none is signed alike."
    others = [o for o in signs if o.gloss != e.gloss and o.hamnosys != e.hamnosys and not set(o.words) & set(e.words)]
    mine, chosen = traits(e), []
    for k in (0, 1):
        alike = [o for o in others if traits(o)[k] == mine[k] and o not in chosen]
        chosen += rng.sample(alike, min(ALIKE, len(alike)))
    rest = [o for o in others if o not in chosen]
    ten = [*chosen, *rng.sample(rest, CANDIDATES - 1 - len(chosen)), e]
    rng.shuffle(ten)
    return [o.id + f' ({o.sense})'*bool(o.sense) for o in ten]


def blind(args):
    "Unlabelled pages and candidates into one folder, the key elsewhere."
    out, key = args.out.resolve(), args.key.resolve()
    if out == key.parent or out in key.parents: raise SystemExit(f'--key: expected a file outside of {out}, got {key}; a reader of the folder must not find the answers')
    signs, rng = entries(args.language), random.Random(args.seed)
    drawn = rng.sample(signs, min(args.blind, len(signs)))
    out.mkdir(parents=True, exist_ok=True)
    lines = [f"{n}\t{' | '.join(candidates(e, signs, rng))}\n" for n, e in enumerate(drawn, 1)]
    (out / 'candidates.tsv').write_text('number\tcandidates\n' + ''.join(lines))
    key.parent.mkdir(parents=True, exist_ok=True)
    key.write_text('number\tgloss\n' + ''.join(f'{n}\t{e.id}\n' for n, e in enumerate(drawn, 1)))
    draw([(out / f'page_{k//BLIND_PAGE + 1:02}.png', [what(e) for e in drawn[k:k + BLIND_PAGE]], [str(n + 1) for n in range(k, min(k + BLIND_PAGE, len(drawn)))],
           BLIND_SIZE, BLIND_COLUMNS, 'random signs') for k in range(0, len(drawn), BLIND_PAGE)], args.workers)


def read_answers(path):
    "number -> gloss, of lines with a tab or spaces between; other lines are passed over."
    found = (re.match(r'\s*(\d+)[\s.:)]+(\S+)', line) for line in Path(path).read_text(encoding='utf-8').splitlines())
    return {int(m[1]): m[2].upper() for m in found if m}


def score(answers, key):
    "The share named, and what was taken for what."
    missed = {right: answers.get(n, 'nothing') for n, right in key.items() if answers.get(n) != right}
    return dict(signs=len(key), answered=sum(n in answers for n in key), named=round(1 - len(missed)/len(key), 4), by_chance=1/CANDIDATES, missed=missed)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--language', default='ase')
    p.add_argument('--again', action='store_true', help='draw every page again')
    p.add_argument('--only', nargs='*', help='names of signs: one page of them in --out, larger')
    p.add_argument('--blind', type=int, help='so many random signs without labels')
    p.add_argument('--seed', type=int, default=1)
    p.add_argument('--out', type=Path, help='folder for --blind and --only')
    p.add_argument('--key', type=Path, help='file for the answers of --blind')
    p.add_argument('--score', nargs=2, type=Path, metavar=('ANSWERS', 'KEY'), help='count right answers; writes results/sheets.json')
    p.add_argument('--workers', type=int, default=os.cpu_count())
    args = p.parse_args()
    if args.score: return keep('sheets', score(*map(read_answers, args.score)))
    if skip := missing('panda3d', 'PIL'): return print(skip)
    if args.blind and not (args.out and args.key): p.error('--blind needs --out FOLDER and --key FILE')
    if args.blind: return blind(args)
    if not args.only: return all_sheets(args)
    if not args.out: p.error('--only needs --out FOLDER')
    own = [e for e in entries(args.language) if e.id in args.only]
    if not own: p.error(f'no such sign: {args.only}')
    args.out.mkdir(parents=True, exist_ok=True)
    print(page((args.out / 'signs.png', list(map(what, own)), [e.id for e in own], BLIND_SIZE, BLIND_COLUMNS, 'chosen signs')))


if __name__ == '__main__':
    os.environ['OPENBLAS_NUM_THREADS'] = '1'   # one thread a worker
    start = time.monotonic()
    main()
    print(f'{time.monotonic() - start:.0f} s')
