"""Write dist/space, a complete Hugging Face Space, and prove it: `make space`.

The folder holds what demos/ has (app.py, README.md with the Space's front matter), this package as a wheel, and a requirements.txt that
pins every package the demo needs. A Space installs requirements.txt before its other files are there, so the wheel cannot be named in it:
app.py installs the wheel that lies beside it. The proof: a fresh environment, the requirements, `python app.py`, one page fetched.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import distribution
from pathlib import Path
from tempfile import TemporaryDirectory

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
SPACE = ROOT/'dist'/'space'
PIP = ['-m', 'pip', '--disable-pip-version-check', '-q']


def build_wheel(into: Path):
    "Build the wheel from a copy, so that nothing left over from an earlier build gets in."
    with TemporaryDirectory() as folder:
        copy = Path(folder)/'signbook'
        shutil.copytree(ROOT/'signbook', copy/'signbook', ignore=shutil.ignore_patterns('__pycache__'))
        for name in ('setup.py', 'settings.ini', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE'):
            shutil.copy(ROOT/name, copy/name)
        words = ['wheel', '--no-deps', '--no-build-isolation', '-w', str(into), str(copy)]
        subprocess.run([sys.executable, *PIP, *words], check=True)


def closure(wanted: str) -> dict[str, str]:
    "Name and version of everything that a requirement brings, as installed here."
    found, seen, left = {}, set(), [Requirement(wanted)]
    while left:
        asked = left.pop()
        if (asked.name, *sorted(asked.extras)) in seen:
            continue
        seen.add((asked.name, *sorted(asked.extras)))
        here = distribution(asked.name)
        found[here.metadata['Name']] = here.version.split('+')[0]
        for line in here.requires or []:
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({'extra': extra}) for extra in asked.extras or {''}):
                left.append(need)
    return found


def prove(space: Path):
    "Install the Space into a fresh environment as the host would, start it, fetch its page once, stop it."
    with TemporaryDirectory() as folder:
        home = Path(folder)
        shutil.copytree(space, home/'app')
        subprocess.run([sys.executable, '-m', 'venv', str(home/'env')], check=True)
        python = str(home/'env'/'bin'/'python')
        start = time.perf_counter()
        subprocess.run([python, *PIP, 'install', '-c', str(ROOT/'constraints.txt'), '-r', str(home/'app'/'requirements.txt')], check=True)
        print(f'installed in a fresh environment in {time.perf_counter() - start:.0f} s')
        with socket.socket() as probe:
            probe.bind(('127.0.0.1', 0))
            port = probe.getsockname()[1]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(('PYTHON', 'VIRTUAL_ENV'))}
        settings = {**clean, 'GRADIO_SERVER_PORT': str(port), 'PORT': str(port), 'GRADIO_ANALYTICS_ENABLED': 'False'}
        start = time.perf_counter()
        with open(home/'log', 'w+') as log:
            server = subprocess.Popen([python, 'app.py'], cwd=home/'app', env=settings, stdout=log, stderr=log)
            try:
                page = fetch(f'http://127.0.0.1:{port}/', server)
            except Exception:
                log.seek(0)
                print(log.read()[-3000:])
                raise
            finally:
                server.terminate()
                server.wait(20)
    if 'signbook' not in page:
        raise SystemExit('the page that came back is not ours')
    print(f'started and served its page ({len(page)/1000:.0f} kB) {time.perf_counter() - start:.1f} s later')


def fetch(address: str, server: subprocess.Popen, patience_s: float = 120) -> str:
    "The page at `address`, as soon as the server that is starting gives it."
    end = time.monotonic() + patience_s
    while True:
        if server.poll() is not None:
            raise RuntimeError(f'app.py ended with code {server.returncode}')
        try:
            return urllib.request.urlopen(address, timeout=30).read().decode()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.25)


def main():
    shutil.rmtree(SPACE, ignore_errors=True)
    SPACE.mkdir(parents=True)
    build_wheel(SPACE)
    for path in sorted((ROOT/'demos').iterdir()):
        if path.is_file():
            shutil.copy(path, SPACE/path.name)
    pins = closure('signbook[render,demo]')
    pins.pop('signbook')
    (SPACE/'requirements.txt').write_text(''.join(f'{name}=={version}\n' for name, version in sorted(pins.items(), key=str)))
    front = re.match(r'---\n(.+?)\n---\n', (SPACE/'README.md').read_text(encoding='utf-8'), re.S)
    if not front or f'sdk_version: {pins["gradio"]}' not in front[1].replace('"', ''):
        raise SystemExit(f"demos/README.md: expected the Space's front matter with sdk_version: {pins['gradio']}")
    prove(SPACE)
    print('\n'.join(f'{p.relative_to(ROOT)}  {p.stat().st_size/1000:.0f} kB' for p in sorted(SPACE.iterdir())))


if __name__ == '__main__':
    main()
