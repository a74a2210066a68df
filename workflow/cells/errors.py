"""How a job ends: errors for people, and exit codes that tell the workflow whether another attempt can help."""

import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

from datasets.pipeline.errors import BadInput

NO_RETRY = 3  # wrong input, a model that diverged: the same again next time
STOPPED = 128 + signal.SIGINT  # by a person: nothing is wrong with the job


@contextmanager
def told() -> Iterator[None]:
    """Turn an error that is meant for people into one line, and what another attempt cannot help into NO_RETRY.

    Ctrl-C is no fault. Want of memory, a device's fault (RuntimeError in torch) and files out of reach go on as they
    are.
    """
    try:
        yield
    except (BadInput, FloatingPointError) as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(NO_RETRY)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr, flush=True)
        sys.exit(STOPPED)
    except SyntaxError as error:
        print(f"error: {error.filename}, line {error.lineno}: {error.msg}", file=sys.stderr, flush=True)
        sys.exit(NO_RETRY)
    except (MemoryError, OSError, RuntimeError):
        raise
    except Exception:
        traceback.print_exc()
        sys.exit(NO_RETRY)
