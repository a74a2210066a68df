"""How a job ends: errors for people, and exit codes that tell the workflow whether another attempt can help."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from datasets.pipeline.errors import BadInput

NO_RETRY = 3  # wrong input, a model that diverged: the same again next time


@contextmanager
def told() -> Iterator[None]:
    """Turn an error that is meant for people into one line and exit code NO_RETRY."""
    try:
        yield
    except (BadInput, FloatingPointError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(NO_RETRY)
