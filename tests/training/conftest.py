from collections.abc import Iterator

import pytest
from rich.progress import Progress


@pytest.fixture
def progress() -> Iterator[Progress]:
    with Progress(disable=True) as bar:
        yield bar
