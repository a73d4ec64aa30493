"""The table of bars in README.md, written from results/*.json: python benchmarks/table.py [--check]"""
import argparse, importlib.util, json
from pathlib import Path
from signbook.core import atomic_path

HERE = Path(__file__).resolve().parent
RESULTS = HERE / 'results'


def keep(name, out, hide=()):
    "Print the figures; write them to results/NAME.json and into the table (None: only print)."
    if name:
        RESULTS.mkdir(exist_ok=True)
        with atomic_path(RESULTS / f'{name}.json') as tmp: tmp.write_text(json.dumps(out, indent=1) + '\n')
        write()
    print(json.dumps({k: v for k, v in out.items() if k not in hide}, indent=1))


def missing(*modules):
    "Why a benchmark cannot run here, or ''."
    gone = [m for m in modules if importlib.util.find_spec(m) is None]
    return f"skipped: {', '.join(gone)} not installed (make install)" if gone else ''


def write(): pass
