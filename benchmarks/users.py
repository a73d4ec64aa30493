"""Many people at once on one demo: no error, nobody gets another one's signing, memory stays flat: python benchmarks/users.py [--users 10] [--sentences 5] [--rounds 20]"""
import argparse, json, os, struct, time, urllib.request
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
import numpy as np
from speed import Demo
from table import keep, missing

NAMES = 'Anna Bob Carl Dora Emil Fred Gina Hugo Ida John Kurt Lena Max Nina Otto'.split()
SENTENCES = ('Hello! My name is {name}.', '{name} wants coffee at {n}.', 'Where is the school of {name}?', 'I do not know {name} 🙂', 'Thank you, {name}, see you tomorrow!')


def spans_of(glb):
    "What a GLB says that it signs."
    return [(s['gloss'], s['word']) for s in json.loads(glb[20:20 + struct.unpack_from('<I', glb, 12)[0]])['asset']['extras']['spans']]


@cache
def alone(text, hand):
    "What this text gives when nobody else is there: report, spans, seconds."
    from signbook.pipeline import text_to_motion
    made = text_to_motion(text, left_handed=hand == 'left')
    return json.loads(json.dumps(made.line.report())), [(s.gloss, s.word) for s in made.motion.spans], made.motion.duration


def is_own(answer, glb, text, hand):
    "Is everything in the answer, and in its file, what this text alone gives?"
    report, spans, seconds = alone(text, hand)
    return {k: answer[k] for k in report} == report and spans_of(glb) == spans and abs(answer['seconds'] - seconds) < .01


def use(client, url, user, sentences):
    "One person's sentences: (text, hand, answer or the error, GLB, seconds)."
    out = []
    for n in range(sentences):
        text, hand, start = SENTENCES[n % len(SENTENCES)].format(name=NAMES[user], n=user + 1), ('right', 'left')[(user + n) % 2], time.perf_counter()
        try:
            answer = client.predict(text, hand=hand, api_name='/sign')
            glb = urllib.request.urlopen(f"{url}clips/{answer['clip']}.glb", timeout=120).read()
        except Exception as error: answer, glb = error, b''
        out.append((text, hand, answer, glb, time.perf_counter() - start))
    return out


def resident_mb(pid):
    "Memory of a process, MB (0 where the system does not tell)."
    status = Path(f'/proc/{pid}/status')
    return int(next(l for l in status.read_text().splitlines() if l.startswith('VmRSS')).split()[1])/1024 if status.exists() else 0.


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--users', type=int, default=10, help=f'at most {len(NAMES)}')
    p.add_argument('--sentences', type=int, default=5)
    p.add_argument('--rounds', type=int, default=20, help='in the first half the demo fills what it keeps (200 clips, caches, the logs of its server); the second half shows whether it still grows')
    args = p.parse_args()
    if reason := missing('gradio', 'gradio_client'): return print(reason)
    from gradio_client import Client
    seen, memory = [], []
    with Demo(17970) as demo, ThreadPoolExecutor(args.users) as pool:
        clients = list(pool.map(lambda _: Client(demo.url, verbose=False), range(args.users)))
        for _ in range(args.rounds):
            for own in pool.map(lambda u: use(clients[u], demo.url, u, args.sentences), range(args.users)): seen += own
            memory.append(round(resident_mb(demo.process.pid), 1))
    failed = [f'{text}: {answer}' for text, _, answer, _, _ in seen if isinstance(answer, Exception)]
    mixed = [text for text, hand, answer, glb, _ in seen if not isinstance(answer, Exception) and not is_own(answer, glb, text, hand)]
    seconds, half = [s for *_, s in seen], args.rounds//2
    keep('users', dict(users=args.users, sentences_each=args.sentences, rounds=args.rounds, answers=len(seen), errors=len(failed), first_errors=failed[:5], mixed=len(mixed), first_mixed=mixed[:5],
                       sentence_p50_s=float(np.median(seconds)), sentence_p95_s=float(np.quantile(seconds, .95)), memory_mb_after_each_round=memory,
                       memory_growth=round(memory[-1]/max(memory[max(half - 1, 0)], 1) - 1, 4), load=os.getloadavg()))


if __name__ == '__main__': main()
