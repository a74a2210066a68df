"""How a job ends: errors for people, and exit codes that tell the workflow whether another attempt can help."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from datasets.pipeline.errors import tell

NO_RETRY = 3  # wrong input, a model that diverged: the same again next time
STOPPED = 128 + signal.SIGINT  # by a person: nothing is wrong with the job


@contextmanager
def told() -> Iterator[None]:
    """End the command with a line for people where an error comes up to here: with NO_RETRY what another attempt cannot
    help, with 1 want of memory, a device's fault and files out of reach. Ctrl-C is no fault."""
    try:
        yield
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr, flush=True)
        sys.exit(STOPPED)
    except SyntaxError as error:
        print(f"error: {error.filename}, line {error.lineno}: {error.msg}", file=sys.stderr, flush=True)
        sys.exit(NO_RETRY)
    except Exception as error:
        sys.exit(1 if tell(error, FloatingPointError) else NO_RETRY)
