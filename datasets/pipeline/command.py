"""How every command of the project is started: `if __name__ == "__main__": start(main)`."""

import os
import signal
import stat
import sys
from collections.abc import Callable


def start(main: Callable[[], int | None]) -> None:
    """Run a command and end with its exit status. Where its reader has seen enough, as in `… | head`, it ends there
    without a word, as other programs do."""
    if stat.S_ISFIFO(os.fstat(sys.stdout.fileno()).st_mode):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
