"""Shards: killed at random moments and resumed, on Ray and in one process, and memory: python benchmarks/shards.py [--only kills] [--kills 20]"""
import argparse, hashlib, importlib.util, json, os, random, signal, subprocess, sys, tempfile, time
from pathlib import Path
from table import HERE, keep

SCRIPT = HERE.parent / 'tests' / 'shard_jobs.py'
JOB = ['--rows', '240', '--kib', '16', '--per-shard', '16', '--busy-ms', '12']


def contents(folder): return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in Path(folder).rglob('*') if p.is_file()}


def start(folder, *words): return subprocess.Popen([sys.executable, SCRIPT, folder, *JOB, *words], stdout=subprocess.PIPE, start_new_session=True)


def timed(folder, *words):
    "Do the whole job: seconds."
    begun = time.perf_counter()
    done = start(folder, *words)
    if done.wait(): sys.exit(f'{folder}: the job itself failed')
    return time.perf_counter() - begun


def members(group):
    "Processes of a group, but for its first."
    found = []
    for p in Path('/proc').glob('[0-9]*'):
        try: state, _, g = (p / 'stat').read_text().rpartition(')')[2].split()[:3]
        except OSError: continue
        if int(g) == group and state != 'Z' and int(p.name) != group: found.append(int(p.name))
    return found


def killed(folder, seconds, words, draw, worker=False):
    "Start the job and kill it, or one of its workers, at a random moment: was it still running, and how long until all its processes were gone?"
    job = start(folder, *words)
    time.sleep(draw.uniform(.02, .98) * seconds)
    if job.poll() is not None: return False, 0.
    victims = members(job.pid) if worker else [job.pid]
    if victims: os.kill(draw.choice(victims), signal.SIGKILL)
    dead = time.perf_counter()
    job.wait()
    while members(job.pid) and time.perf_counter() - dead < 60: time.sleep(.01)
    return bool(victims), time.perf_counter() - dead


def kills(number):
    "Kill, resume, compare: the job itself so many times, and one of its workers a quarter as often (which needs no resuming)."
    out, draw = {}, random.Random(5)
    with tempfile.TemporaryDirectory() as tmp:
        whole = {f: Path(tmp) / f'whole.{f}' for f in ('parquet', 'tar')}
        ways = {f: ['--on', 'processes', '--workers', '2', '--format', f] for f in whole}
        seconds = {f: timed(whole[f], *ways[f]) for f in whole}
        expected = {f: contents(whole[f]) for f in whole}
        for what, times in (('job', number), ('worker', max(1, number // 4))):
            same, slowest, n = 0, 0., 0
            while n < times:
                f, folder = ('parquet', 'tar')[n % 2], Path(tempfile.mkdtemp(dir=tmp)) / 'out'
                hit, gone = killed(folder, seconds[f], ways[f], draw, what == 'worker')
                if not hit: continue
                if what == 'job': timed(folder, *ways[f]); slowest = max(slowest, gone)
                n += 1; same += contents(folder) == expected[f]
            out[f'{what}_killed'], out[f'{what}_same'] = n, same
            if what == 'job': out['workers_gone_s'] = slowest
    return out | dict(files=len(expected['parquet']), undisturbed_s=seconds)


def ray():
    "Two local workers of Ray and one process."
    if importlib.util.find_spec('ray') is None: return dict(ray="not installed (pip install 'signbook[scale]')")
    from importlib.metadata import version
    with tempfile.TemporaryDirectory() as tmp:
        same = {}
        for f in ('parquet', 'tar'):
            for on, workers in (('here', '1'), ('ray', '2')): timed(Path(tmp) / f'{on}.{f}', '--on', on, '--workers', workers, '--format', f)
            same[f] = contents(Path(tmp) / f'here.{f}') == contents(Path(tmp) / f'ray.{f}')
    return dict(ray=version('ray'), ray_same=same)


def memory():
    "Largest memory of the writing process, MiB, with ten times as many rows of 1 MiB."
    out = {}
    with tempfile.TemporaryDirectory() as tmp:
        for f in ('parquet', 'tar'):
            for n in (64, 640):
                done = subprocess.run([sys.executable, SCRIPT, f'{tmp}/{f}{n}', '--rows', str(n), '--kib', '1024', '--per-shard', '64', '--format', f], capture_output=True, check=True)
                out[f'{f}_{n}_mib'] = json.loads(done.stdout)['peak_kib'] >> 10
    return dict(memory=out)


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument('--only', nargs='*', choices=['kills', 'ray', 'memory'], help='print these only; the results file stays as it is')
    p.add_argument('--kills', type=int, default=20)
    args = p.parse_args()
    parts = dict(kills=lambda: kills(args.kills), ray=ray, memory=memory)
    keep(None if args.only else 'shards', {k: v for part in args.only or parts for k, v in parts[part]().items()})


if __name__ == '__main__': main()
