"""Run a command and tell what it took:  started.py DESCRIPTOR COMMAND ...

Writes its seconds, its processor seconds and the MiB of its largest process to that open file, and ends as it ends. A
small process between a benchmark and the command: Linux counts what the one that starts a process holds into the peak
of the one that is started.
"""

import os
import signal
import sys
import time

MACOS = sys.platform == "darwin"  # which tells bytes, where Linux tells KiB
descriptor, *command = sys.argv[1:]
signal.signal(signal.SIGTERM, signal.SIG_IGN)  # of its group: it is the command that has to end
begun = time.monotonic()
process = os.posix_spawnp(command[0], command, os.environ, setsigdef=[signal.SIGTERM])
_, status, used = os.wait4(process, 0)
took = time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / (1 << 20 if MACOS else 1 << 10)
os.write(int(descriptor), " ".join(map(str, took)).encode())
code = os.waitstatus_to_exitcode(status)
sys.exit(code if code >= 0 else 128 - code)
