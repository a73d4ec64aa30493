"""Reading HamNoSys and SiGML at scale: python benchmarks/notation.py [--data DIR] [--mutations N] [--seed N]

Over published dictionary entries (`hamnosys/dev.tsv` and `hamnosys/sigml/` of the data folder, which are not in this repository): how many parse
strictly and print back to the same code points, how many stay the same from H-SiGML to G-SiGML and back, and how long it takes.
Then fuzzing: entries are mutated as symbol names, as Unicode and as SiGML files of both kinds, and read strictly and leniently. Anything but a
result or a positioned error is a failure. A reading slower than the bar is timed again, three times, in processor time, and the least
counts: what other processes of the machine do is not the parser's doing. How many were timed again is in the results.
"""
import argparse, collections, csv, random, time
from pathlib import Path

from signbook.signing.gsigml import copy_element, elements_to_sign, sign_to_elements
from signbook.signing.hamnosys import parse
from signbook.signing.sigml import from_sigml, to_sigml
from signbook.signing.symbols import SYMBOLS, HamNoSysError, to_unicode
from table import DATA, keep, malformed

BAR_MS = 20
NAMES = sorted(SYMBOLS)


def entries(folder):
    "(id, Unicode) of the dictionary entries."
    with (folder / 'dev.tsv').open(encoding='utf-8', newline='') as f:
        return [(row['id'], row['hamnosys']) for row in csv.DictReader(f, delimiter='\t', quoting=csv.QUOTE_NONE)]


def read_all(rows):
    "Signs that parse strictly and print back, and the errors of the others."
    signs, errors = {}, {}
    for name, text in rows:
        try: sign = parse(text)
        except HamNoSysError as error: errors[name] = str(error)
        else: signs[name] = sign
    return signs, errors


def parse_ms(rows):
    "Milliseconds an entry, the best of three rounds."
    took = []
    for _ in range(3):
        start = time.perf_counter()
        read_all(rows)
        took.append(1e3 * (time.perf_counter() - start) / len(rows))
    return min(took)


def stability(signs):
    "How many signs are carried whole by G-SiGML, and how many stay the same from there on, both ways."
    found = collections.Counter()
    for sign in signs:
        gestures, lost = sign_to_elements(sign, lenient=True)
        again = elements_to_sign([copy_element(e) for e in gestures])
        gestures_again, _ = sign_to_elements(again)
        found.update(signs=1, carried_whole=not lost, g_h_g=gestures_again == gestures, same_symbols=sorted(again.names) == sorted(sign.names),
                     h_g_h=elements_to_sign([copy_element(e) for e in gestures_again]) == again)
    return dict(found)


# --- fuzzing -----------------------------------------------------------------------------------------------------------------

def edited(units, rng, spare):
    "A row of units (symbols, or characters) after one to four random edits."
    units = list(units)
    for _ in range(rng.choice((1, 1, 2, 4))):
        i, j, kind = rng.randrange(len(units) + 1), rng.randrange(len(units) + 1), rng.randrange(6)
        if kind == 0: units.insert(i, spare(rng))
        elif kind == 1: del units[i:i + 1]
        elif kind == 2 and max(i, j) < len(units): units[i], units[j] = units[j], units[i]
        elif kind == 3: units[i:i] = units[min(i, j):max(i, j)]
        elif kind == 4: units = units[:i]
        else: units[i:i + 1] = [spare(rng)]
    return units


def some_symbol(rng): return rng.choice(NAMES) if rng.random() < .9 else ''.join(rng.choices('hamxyz!<é\ue100', k=3))


def some_character(rng): return chr(rng.choice((rng.randrange(0xE000, 0xE100), rng.randrange(0x20, 0x7F), rng.randrange(0x20, 0xD800), 0)))


def bomb(rng):
    "Very many brackets, or very much of anything."
    begin = rng.choice(('parbegin', 'seqbegin', 'fusionbegin', 'altbegin', 'parbegin moveu plus', 'parbegin fist plus', 'seqbegin touch', 'between', 'replace', 'chest'))
    return f'fist extfingero palmd {begin} '.split()[:3] + begin.split() * rng.choice((5, 30, 300, 1100))


def mutated(signs, rng):
    "(form, text) of one mutated notation."
    names, kind = list(rng.choice(signs).names), rng.random()
    if kind < .02: names = bomb(rng)
    elif kind < .12: names += rng.choice(signs).names
    form = rng.choice(('names', 'unicode', 'h-sigml', 'g-sigml'))
    if form == 'names': return form, ' '.join(edited(names, rng, some_symbol))
    if form == 'unicode': return form, ''.join(edited(to_unicode(n for n in names), rng, some_character))
    if form == 'h-sigml' and kind < .5: names = edited(names, rng, lambda rng: rng.choice(NAMES))
    if form == 'h-sigml': text = '<sigml><hns_sign gloss="X"><hamnosys_manual>' + ''.join(f'<ham{n}/>' for n in names) + '</hamnosys_manual></hns_sign></sigml>'
    else: text = to_sigml([('X', rng.choice(signs), {'head': ('NO',)})], gestural=True, lenient=True)
    if kind < .5 and form == 'h-sigml': return form, text
    pieces = text.replace('<', '\0<').replace('="', '\0="').split('\0')   # whole tags and values, so that most stays well-formed
    return form, ''.join(edited(pieces, rng, lambda rng: rng.choice(pieces + ['<a/>', '="uol"', '="410"', 'x', '<seq_motion>'])))


def attempt(form, text, lenient, clock=time.perf_counter):
    "'read', 'refused' with a place, or what else happened; and milliseconds."
    start = clock()
    try:
        parse(text, lenient) if form in ('names', 'unicode') else from_sigml(text, lenient)
        outcome = 'read'
    except HamNoSysError as error:
        outcome = 'refused' if 0 <= error.position <= len(error.names) and error.expected else 'error without a place'
    except ValueError as error:
        placed = any(word in str(error) for word in ('line ', 'starts with'))
        outcome = 'refused' if placed and form.endswith('sigml') else f'ValueError: {str(error)[:80]}'
    except Exception as error: outcome = f'{type(error).__name__}: {str(error)[:80]}'
    return outcome, 1e3 * (clock() - start)


def fuzz(signs, n, seed):
    "What became of n mutated notations, each read strictly and leniently."
    rng, outcomes, took, again, slow = random.Random(seed), collections.Counter(), [], 0, []
    for _ in range(n):
        form, text = mutated(signs, rng)
        for lenient in (False, True):
            outcome, ms = attempt(form, text, lenient)
            if ms > BAR_MS:
                again, ms = again + 1, min(attempt(form, text, lenient, time.process_time)[1] for _ in range(3))
                if ms > BAR_MS: slow.append((round(ms, 1), form, lenient, len(text)))
            outcomes[f"{form} {'lenient' if lenient else 'strict'}: {outcome}"] += 1
            took.append(ms)
    took.sort()
    odd = {k: v for k, v in outcomes.items() if not k.endswith((': read', ': refused'))}
    return dict(mutations=n, readings=2*n, outcomes=dict(sorted(outcomes.items())), neither_read_nor_refused=sum(odd.values()), ms_p50=round(took[len(took)//2], 3),
                ms_p99=round(took[int(.99*len(took))], 2), ms_max=round(took[-1], 2), slower_than_20_ms=len(slow), timed_again=again, slowest=sorted(slow)[-5:])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--data', type=Path, default=DATA / 'hamnosys')
    p.add_argument('--mutations', type=int, default=100_000)
    p.add_argument('--seed', type=int, default=0)
    args = p.parse_args()
    if not (args.data / 'dev.tsv').is_file(): p.error(f'no dev.tsv in {args.data}; give --data')
    rows = entries(args.data)
    listed = malformed()
    signs, errors = read_all(rows)
    back = sum(str(s) == text for name, text in rows if (s := signs.get(name)))
    well_formed = [name for name, _ in rows if name not in listed]
    files = [s.sign for f in sorted((args.data / 'sigml').glob('*.sigml')) for s in from_sigml(f.read_bytes(), lenient=True) if s.sign]
    everything = [*signs.values(), *files]
    out = dict(entries=len(rows), parsed=len(signs), printed_back=back, share_parsed=round(len(signs) / len(rows), 5), malformed=errors,
               share_of_well_formed=round(sum(n in signs and str(signs[n]) == text for n, text in rows if n not in listed) / len(well_formed), 5), parse_ms=round(parse_ms(rows), 4),
               sigml=stability(everything), fuzz=fuzz(everything, args.mutations, args.seed))
    keep('notation' if args.mutations >= 100_000 else None, out)


if __name__ == '__main__': main()
