"""The demo as a Hugging Face Space or from a checkout: python demos/app.py"""
import subprocess
import sys
from pathlib import Path

if __name__ == '__main__':
    try:
        import signbook  # noqa: F401
    except ImportError:  # on a Space the package comes as the wheel beside this file
        wheel = next(Path(__file__).resolve().parent.glob('signbook-*.whl'), None)
        if wheel is None:
            sys.exit("signbook is not installed: pip install 'signbook[render,demo]'")
        subprocess.run([sys.executable, '-m', 'pip', 'install', '--quiet', '--no-deps', str(wheel)], check=True)
    from signbook.demo import launch
    launch()
