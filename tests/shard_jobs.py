"Jobs that tests and benchmarks run in other processes: python tests/shard_jobs.py FOLDER [--kill-at N] [--rows N] [--mib N] [--on here] [--workers N]"
import argparse
import json
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass

import numpy as np

from signbook.data.shards import Job, write_shards

SAID = dict(source='seeded noise', licence='CC0', synthetic=True)


@dataclass(frozen=True)
class Noise:
    "Rows that depend on their number alone; some of them cannot be made."
    size: int
    kib: int = 1               # size of the array in each row
    raises: tuple = ()
    crashes: tuple = ()
    hangs: tuple = ()
    busy_ms: float = 0.        # work in each row

    @property
    def settings(self): return dict(size=self.size, kib=self.kib)

    def __len__(self): return self.size

    def name(self, i): return f'noise {i}'

    def __getitem__(self, i):
        if i in self.raises: raise ValueError(f'{i} cannot be made')
        if i in self.crashes: os.kill(os.getpid(), signal.SIGSEGV)
        while i in self.hangs: time.sleep(1)
        end = time.perf_counter() + self.busy_ms/1000
        while time.perf_counter() < end: pass
        draw = np.random.default_rng(i)
        array = draw.integers(0, 255, (self.kib, 1024), np.uint8) if self.kib < 64 else np.full((self.kib, 1024), i % 251, np.uint8)
        return dict(id=f'row {i}', seconds=draw.random(), gloss=['A', 'B'][:i % 3], raw=draw.bytes(i % 7), array=array)


def kill_at(number, folder):
    "Kill this process when it has touched files of the folder so many times; 0 = count only. Gives the counter."
    seen = [0]

    def hook(event, args):
        if event in ('open', 'os.rename', 'os.remove', 'os.mkdir', 'os.rmdir') and str(folder) in str(args[0]):
            seen[0] += 1
            if seen[0] == number: os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    return seen


def main():
    p = argparse.ArgumentParser()
    p.add_argument('folder')
    p.add_argument('--kill-at', type=int, default=0)
    p.add_argument('--rows', type=int, default=20)
    p.add_argument('--kib', type=int, default=1)
    p.add_argument('--per-shard', type=int, default=4)
    p.add_argument('--busy-ms', type=float, default=0)
    p.add_argument('--format', default='parquet')
    p.add_argument('--on', default='here')
    p.add_argument('--workers', type=int)
    args = p.parse_args()
    seen = kill_at(args.kill_at, args.folder)
    write_shards(Job(Noise(args.rows, args.kib, busy_ms=args.busy_ms), SAID, args.per_shard, args.format), args.folder, args.workers, args.on)
    print(json.dumps(dict(touched=seen[0], peak_kib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)))


if __name__ == '__main__': main()
