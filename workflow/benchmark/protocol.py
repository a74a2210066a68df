"""How a measured process talks: it prepares once, then does one timed thing for each line that it is given.

Used in both environments, hence with the standard library alone.
"""

import json
import os
import sys
import time
import traceback
from collections.abc import Callable

from workflow.cells.provenance import peak_memory_mb

# What an action gives: `seconds` of the timed part alone, `work` in units of the benchmark, and any other numbers.
Action = Callable[..., dict]


def serve(prepare: Callable[[dict], dict[str, Action]]) -> None:
    """Read the job (JSON) from the first argument, prepare it, answer each line of standard input by one line of JSON.

    A line is {"do": name of an action, its options}; the answer is what the action gives, with the processor's seconds
    and the peak of memory (MiB) of this process. What goes wrong is answered as {"error": ..}. All that libraries
    print goes to standard error.
    """
    with os.fdopen(os.dup(1), "w", buffering=1) as answers:
        os.dup2(2, 1)
        try:
            actions = prepare(json.loads(sys.argv[1]))
            print(json.dumps({"ready": True}), file=answers)
            for line in sys.stdin:
                command = json.loads(line)
                begun = time.process_time()
                answer = actions[command.pop("do")](**command)
                answer |= {"cpu_seconds": time.process_time() - begun, "memory_mb": peak_memory_mb()}
                print(json.dumps(answer), file=answers)
        except Exception as error:
            traceback.print_exc()
            print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=answers)
            raise SystemExit(1) from None
