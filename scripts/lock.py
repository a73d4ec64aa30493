"Write constraints.txt: the exact version of every package in this environment."
import re
import sys
from importlib.metadata import distributions
from pathlib import Path

HEAD = '''# Exact versions of everything that `make demo` and `make test` install; they install on Python 3.11 and 3.12.
# Written by `make lock`. Bounds and reasons stand in settings.ini.
'''


def pins() -> list[str]:
    "One `name==version` line a package; a build's local tag (+cpu) is left out, so that any build of that version will do."
    found = {re.sub(r'[-_.]+', '-', d.metadata['Name']).lower(): d.version.split('+')[0] for d in distributions()}
    found.pop('signbook', None)
    return [f'{name}=={version}' for name, version in sorted(found.items())]


if __name__ == '__main__':
    path = Path(__file__).parent.parent/'constraints.txt'
    path.write_text(HEAD + '\n'.join(pins()) + '\n')
    print(f'{path.name}: {len(pins())} pins of Python {sys.version_info[0]}.{sys.version_info[1]}')
