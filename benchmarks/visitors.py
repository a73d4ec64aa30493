"""Many visitors of the demo at once, and does its memory stay flat: python benchmarks/visitors.py [--visitors 10] [--sentences 5] [--rounds 4]"""
import argparse, os, re, subprocess, sys, threading, time, urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
import numpy as np
from table import keep, missing

ROOT = Path(__file__).resolve().parent.parent
NAMES = 'ANNA BOB CARL DORA EMIL FRED GINA HUGO IDA JOHN KURT LENA MAX NINA OTTO'.split()


def start(port=17970):
    "The demo in a process of its own: (process, address)."
    env = {**os.environ, 'PORT': str(port), 'GRADIO_ANALYTICS_ENABLED': 'False', 'PYTHONUNBUFFERED': '1'}
    process = subprocess.Popen([sys.executable, str(ROOT/'demos'/'app.py')], cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for said in process.stdout:
        if found := re.search(r'http://[\d.]+:\d+/', said): break
    else: raise RuntimeError('the demo did not start')
    threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()    # keep its pipe empty
    return process, found[0]


def resident_mb(pid): return int(re.search(r'VmRSS:\s+(\d+)', Path(f'/proc/{pid}/status').read_text())[1])/1024


def visit(client, url, name, sentences):
    "One visitor: (seconds of each sentence, whether each answer was this visitor's own)."
    seconds, own = [], []
    for k in range(sentences):
        begin = time.perf_counter()
        answer = client.predict(f'Hello {name.title()}, number {k}', api_name='/sign')
        glb = urllib.request.urlopen(f"{url}clips/{answer['clip']}.glb", timeout=60).read()
        seconds.append(time.perf_counter() - begin)
        own.append(f'fs-{name}' in answer['line'] and answer['line'].split()[-1] == str(k) and glb[:4] == b'glTF' and f'fs-{name}'.encode() in glb)
    return seconds, own


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--visitors', type=int, default=10)
    p.add_argument('--sentences', type=int, default=5)
    p.add_argument('--rounds', type=int, default=8)
    args = p.parse_args()
    if reason := missing('gradio', 'gradio_client'): return print(reason)
    from gradio_client import Client
    process, url = start()
    try:
        clients = {name: Client(url, verbose=False) for name in NAMES[:args.visitors]}
        seconds, own, memory = [], [], []
        for _ in range(args.rounds):
            with ThreadPoolExecutor(args.visitors) as pool:
                for s, o in pool.map(lambda n: visit(clients[n], url, n, args.sentences), clients): seconds += s; own += o
            memory.append(round(resident_mb(process.pid), 1))
    finally:
        process.terminate(); process.wait(20)
    half = len(memory)//2
    keep('visitors', dict(load=os.getloadavg()[0], visitors=args.visitors, sentences_each=args.sentences, rounds=args.rounds, answers=len(own), mixed=own.count(False), errors=0,
                          sentence_p50_s=float(np.median(seconds)), sentence_p95_s=float(np.quantile(seconds, .95)), memory_mb_after_each_round=memory,
                          memory_growth_second_half_mb=round(max(memory[half:]) - max(memory[:half]), 1), bars=dict(mixed=0, errors=0)))


if __name__ == '__main__': main()
