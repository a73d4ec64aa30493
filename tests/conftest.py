"What several tests need."
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items):
    "A browser that draws without a graphics card on a busy machine may miss a deadline: such a test is tried again before it counts."
    for item in items:
        if hasattr(item.module, 'browsing'): item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.fixture(scope='session')
def shared_data() -> Path:
    "Real recordings and lexicons to check against (`SIGNBOOK_DATA`, or beside the checkout); none of them is in the repository."
    path = Path(os.environ.get('SIGNBOOK_DATA', ROOT.parent/'shared'/'data'))
    if not path.is_dir():
        pytest.skip(f'no data to check against at {path}; set SIGNBOOK_DATA')
    return path
