"""A side that does nothing but answer: for tests of the processes."""

import sys

from workflow.benchmark.protocol import serve


def start(job):
    if job.get("broken"):
        raise ValueError("cannot prepare")

    def work(units):
        print("a library that prints")
        return {"seconds": 2.0 * units, "work": units, "name": job["name"]}

    def stop():
        sys.exit(3)

    return {"work": work, "stop": stop}


if __name__ == "__main__":
    serve(start)
