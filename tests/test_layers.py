"Data flows one way: which part of the package may import which, and what the light spine must never pull in."
import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT/'signbook'

SEE = {'core', 'workers', 'motion', 'signing', 'data', 'tokens', 'evaluation'}
MAY_IMPORT = {
    'core': set(),
    'workers': {'core'},
    'motion': {'core'},
    'show': {'core', 'motion'},
    'signing': {'core', 'workers', 'motion'},
    'data': {'core', 'workers', 'motion', 'show', 'signing'},
    'evaluation': {'core', 'motion'},
    'tokens': {'core', 'motion'},
    'production': SEE,
    'translation': SEE,
}
JOINS = {'pipeline', 'console', 'data_commands', 'model_commands', 'cli', 'clips', 'scope_panel', 'page_parts', 'sign_panel', 'gloss_panel', 'english_panel', 'demo', 'rating', 'rating_page'}   # these join the parts and may import all of them
LEARN = {'tokens', 'production', 'translation'}   # nothing else imports these before it needs them, so torch may stand at their top
SPINE = ['core', 'workers', 'motion', 'show', 'signing', 'pipeline', 'console', 'data_commands', 'model_commands', 'cli']
HEAVY = {'torch', 'smplx', 'roma', 'transformers', 'trimesh', 'gradio', 'mediapipe', 'cv2', 'panda3d', 'direct', 'av', 'ray',
         'anny', 'matplotlib', 'pandas', 'pose_format', 'pygltflib', 'PIL', 'IPython'}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob('*.py') if p.name not in ('__init__.py', '_modidx.py'))


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix('').parts[0]


def imports(path: Path, nodes=None):
    "Dotted names that the module imports, with the line; relative imports are resolved against the package."
    here = path.relative_to(ROOT).with_suffix('').parts
    for node in nodes if nodes is not None else ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join(here[:len(here) - node.level]) + '.' if node.level else ''
            source = (base + (node.module or '')).strip('.')
            yield from ((f'{source}.{alias.name}', node.lineno) for alias in node.names)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize('path', modules(), ids=name)
def test_imports_follow_the_table(path):
    own = part(path)
    assert own in MAY_IMPORT or own in JOINS, f'{own} has no row in the table'
    for target, line in imports(path):
        words = target.split('.')
        if words[0] != 'signbook' or len(words) < 2 or own in JOINS:
            continue
        # a capital or a dunder is a name of the package itself, as in `from signbook import __version__`
        assert words[1] == own or words[1] in MAY_IMPORT[own] or words[1].startswith('__'), \
            f'{name(path)}:{line} imports {target}; {own} may import {sorted(MAY_IMPORT[own])}'


@pytest.mark.parametrize('path', modules(), ids=name)
def test_no_star_and_no_heavy_import_at_the_top(path):
    top = ast.parse(path.read_text(encoding='utf-8')).body
    for target, line in imports(path, top):
        assert not target.endswith('.*'), f'{name(path)}:{line} imports a star'
        assert target.split('.')[0] not in HEAVY - ({'torch'} if part(path) in LEARN else set()), f'{name(path)}:{line} imports {target} before anything needs it'


def test_no_cycles():
    "Modules that import each other when they are loaded could only be read together."
    known = {'.'.join(p.relative_to(ROOT).with_suffix('').parts): p for p in modules()}
    edges = {}
    for dotted, path in known.items():
        top = ast.parse(path.read_text(encoding='utf-8')).body
        found = {t for t, _ in imports(path, top)}
        edges[dotted] = {k for k in known if k in found or any(f.startswith(k + '.') for f in found)}
    done, trail = set(), []

    def visit(module):
        assert module not in trail, ' -> '.join([*trail, module])
        if module in done:
            return
        trail.append(module)
        for other in sorted(edges[module]):
            visit(other)
        done.add(trail.pop())

    for module in known:
        visit(module)


def fresh(code: str) -> str:
    "Run code in a new interpreter away from the checkout, and give back what it printed."
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=PACKAGE.parent.parent)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_spine_imports_no_torch():
    spine = ['.'.join(p.relative_to(ROOT).with_suffix('').parts) for p in modules() if part(p) in SPINE]
    lines = ''.join(f'import {dotted}\n' for dotted in spine)
    loaded = fresh(f'import sys\n{lines}print(sorted({HEAVY!r} & set(sys.modules)))')
    assert loaded == '[]', f'importing the spine loads {loaded}'


def test_a_sentence_is_signed_without_torch():
    code = ("import sys\nfrom signbook.pipeline import text_to_motion\nmotion = text_to_motion('hello').motion\n"
            "print(len(motion) > 10, 'torch' in sys.modules)")
    assert fresh(code) == 'True False'


def test_importing_signbook_is_instant():
    code = "import time; t = time.perf_counter(); import signbook; print(time.perf_counter() - t)"
    assert min(float(fresh(code)) for _ in range(3)) <= 0.3
