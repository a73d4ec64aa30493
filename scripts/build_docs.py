"""Build the book as static HTML into _docs/: `make docs`. No Quarto, no network, and the pages work when opened from the disk.

A chapter is shown as it was written, exported code included; only the cells and marks that are for nbdev are taken out. Avatars are not
stored in notebooks (they are large), so a chapter that shows a player is run here and the page takes the player from that run.
"""
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

ROOT = Path(__file__).resolve().parent.parent
NBS, OUT = ROOT/'nbs', ROOT/'_docs'
PARTS = {0: 'Ground', 1: 'Motion and body', 2: 'Seeing it', 3: 'Signing', 4: 'Data', 5: 'Evaluation', 6: 'Tokens', 7: 'Production',
         8: 'Translation', 9: 'Everything joined'}
TAGS = {'echo: false': 'remove-input', 'output: false': 'remove-output', 'include: false': 'remove-cell', 'code-fold: true': 'hide-input'}
CONF = '''
project, author, copyright = "signbook", "signbook contributors", "2026 onwards, signbook contributors; Apache-2.0"
extensions = ["myst_nb"]
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3
html_theme, html_title = "sphinx_book_theme", "signbook"
html_theme_options = dict(show_toc_level=2, use_download_button=False, use_fullscreen_button=False, navbar_start=[], navbar_center=[],
                          navbar_end=[], navbar_persistent=[])
html_static_path, html_css_files, html_copy_source = ["_static"], ["book.css"], False
html_math_renderer = "mathml"
suppress_warnings = ["mystnb.unknown_mime_type", "misc.highlighting_failure", "myst.header"]

# formulas become MathML, which browsers draw themselves: a page needs no script from elsewhere for them
from docutils import nodes
from latex2mathml.converter import convert

def formula(display):
    def visit(translator, node):
        translator.body.append(convert(node.astext(), display=display))
        raise nodes.SkipNode
    return visit, None

def setup(app):
    app.add_html_math_renderer("mathml", formula("inline"), formula("block"))
'''
CSS = 'table { font-variant-numeric: tabular-nums } .cell_output iframe { width: 100% } .bd-header { display: none } .bd-main .bd-content .bd-article-container { max-width: 58rem } pre { font-size: .82em }\n'


def chapters() -> list[Path]:
    "Notebooks of the book in reading order: the front page, the tutorials, then by number."
    found = [p for p in NBS.rglob('*.ipynb') if not any(part.startswith(('_', '.')) for part in p.relative_to(NBS).parts)]
    return sorted(found, key=lambda p: (p.name != 'index.ipynb', p.parent == NBS, str(p)))


def shown(cell) -> bool:
    "Whether readers get to see this cell."
    if cell.cell_type != 'code':
        return True
    marks = re.findall(r'^#\|\s*(\S+)', cell.source, re.M)
    code = re.sub(r'^\s*#.*$', '', cell.source, flags=re.M).strip()
    return bool(code) and not {'hide', 'default_exp', 'exporti'} & set(marks)


def readable(cell):
    "The same cell without nbdev's marks; what they ask for becomes tags that the builder knows."
    if cell.cell_type == 'markdown':
        cell.source = re.sub(r'^(:{3,})\s*\{\.callout-(\w+)[^}]*\}', r'\1{\2}', cell.source, flags=re.M)
        return cell
    marks = re.findall(r'^#\|\s*(.+?)\s*$', cell.source, re.M)
    cell.source = re.sub(r'^#\|.*\n?', '', cell.source, flags=re.M).strip('\n')
    tags = [TAGS[mark] for mark in marks if mark in TAGS]
    if tags:
        cell.metadata['tags'] = tags
    return cell


def run_for_players(notebook, path: Path) -> bool:
    "Run a chapter that shows a player, keeping only the outputs of the cells that do; whether there was one."
    showing = [i for i, c in enumerate(notebook.cells) if c.cell_type == 'code' and re.search(r'^notebook_player\(', c.source, re.M)]
    if not showing:
        return False
    from nbclient import NotebookClient
    ran = nbformat.from_dict(notebook)
    NotebookClient(ran, timeout=600, kernel_name='python3', resources={'metadata': {'path': str(path.parent)}}).execute()
    for i in showing:
        notebook.cells[i].outputs = [o for o in ran.cells[i].outputs if 'text/html' in o.get('data', {})]
    return True


def convert(path: Path, into: Path) -> bool:
    "Write one chapter as the builder reads it; whether it holds a player."
    notebook = nbformat.read(path, as_version=4)
    players = run_for_players(notebook, path)
    notebook.cells = [readable(c) for c in notebook.cells if shown(c)]
    target = into/path.relative_to(NBS)
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    return players


def contents(paths: list[Path]) -> str:
    "Tables of contents, one a part, for the foot of the front page."
    groups: dict[str, list[str]] = {}
    for path in paths:
        if path.name == 'index.ipynb':
            continue
        part = 'Tutorials' if path.parent != NBS else PARTS[int(path.name[0])]
        groups.setdefault(part, []).append(str(path.relative_to(NBS).with_suffix('')))
    groups['Looking things up'] = ['names']
    return '\n\n'.join(f'```{{toctree}}\n:hidden:\n:caption: {part}\n\n' + '\n'.join(pages) + '\n```' for part, pages in groups.items())


def names_page() -> str:
    "Every public name, what it is, and the chapter that explains it."
    rows = []
    for module in sorted((ROOT/'signbook').rglob('*.py')):
        text = module.read_text(encoding='utf-8')
        header = re.search(r'File to edit: (?:\.\./)*nbs/(.+?)\.ipynb', text)
        public = re.search(r'^__all__ = \[(.*?)\]', text, re.M | re.S)
        dotted = '.'.join(module.relative_to(ROOT).with_suffix('').parts)
        for name in re.findall(r"'(\w+)'", public[1]) if header and public else []:
            rows.append((name.lower(), f'| `{name}` | `{dotted}` | [{header[1]}]({header[1]}.ipynb) |'))
    lines = '\n'.join(row for _, row in sorted(rows))
    return f'# Names\n\nEvery public name and the chapter that explains it.\n\n| name | module | chapter |\n|---|---|---|\n{lines}\n'


def check(out: Path) -> list[str]:
    "What is wrong with the built pages: things fetched from elsewhere, links to nowhere."
    wrong = []
    for page in out.rglob('*.html'):
        text = re.sub(r'srcdoc="[^"]*"', '', page.read_text(encoding='utf-8'))
        away = re.findall(r'<(?:script|img|iframe|link)\b[^>]*?(?:src|href)="(?:https?:)?//[^"]+"', text)
        wrong += [f'{page.relative_to(out)} fetches {tag[:120]}' for tag in away if 'rel="canonical"' not in tag]
        for link in re.findall(r'<a\b[^>]*?href="([^"#?:]+)["#?]', text):
            if not (page.parent/link).resolve().exists():
                wrong.append(f'{page.relative_to(out)} links to {link}')
    return sorted(set(wrong))


def build(paths: list[Path], out: Path) -> tuple[int, list[str]]:
    "Build these chapters (the front page among them) into `out`: how many hold a player, and what is wrong."
    with TemporaryDirectory() as folder:
        source = Path(folder)/'source'
        (source/'_static').mkdir(parents=True)
        (source/'_static'/'book.css').write_text(CSS)
        (source/'conf.py').write_text(CONF)
        (source/'names.md').write_text(names_page(), encoding='utf-8')
        players = sum(convert(path, source) for path in paths)
        front = nbformat.read(source/'index.ipynb', as_version=4)
        front.cells.append(nbformat.v4.new_markdown_cell(contents(paths)))
        nbformat.write(front, source/'index.ipynb')
        shutil.rmtree(out, ignore_errors=True)
        command = [sys.executable, '-m', 'sphinx', '-b', 'html', '-q', '-d', f'{folder}/doctrees', str(source), str(out)]
        built = subprocess.run(command, capture_output=True, text=True)
        if built.returncode:
            raise SystemExit(built.stderr)
        warnings = [line.replace(f'{source}/', '') for line in built.stderr.splitlines() if 'WARNING' in line]
    return players, warnings + check(out)


def main() -> int:
    start, paths = time.perf_counter(), chapters()
    players, wrong = build(paths, OUT)
    print(*wrong, sep='\n')
    print(f'{len(paths)} chapters, {players} with a player, in {time.perf_counter() - start:.0f} s: {(OUT/"index.html").as_uri()}')
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
