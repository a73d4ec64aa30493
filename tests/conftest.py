"What several tests need."
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope='session')
def shared_data() -> Path:
    "Real recordings and lexicons to check against (`SIGNBOOK_DATA`, or beside the checkout); none of them is in the repository."
    path = Path(os.environ.get('SIGNBOOK_DATA', ROOT.parent/'shared'/'data'))
    if not path.is_dir():
        pytest.skip(f'no data to check against at {path}; set SIGNBOOK_DATA')
    return path
