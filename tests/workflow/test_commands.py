"""What all commands have in common."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# They speak with the process that started them, and have no words for people.
OF_PROCESSES = {"workflow/warm_process.py", "workflow/benchmark/engine_side.py", "workflow/benchmark/peer_side.py"}


def test_every_command_is_started_by_the_same_function():
    folders = ("datasets", "methods", "paper_tables", "workflow")
    texts = {
        str(file.relative_to(ROOT)): file.read_text("utf-8") for at in folders for file in (ROOT / at).rglob("*.py")
    }
    commands = {file for file, text in texts.items() if '\nif __name__ == "__main__":' in text} - OF_PROCESSES
    assert len(commands) > 15
    assert all(texts[file].endswith('\nif __name__ == "__main__":\n    start(main)\n') for file in commands)


@pytest.mark.parametrize("lines", [1, 100_000])  # in a buffer until the end, or written long before it
def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(lines):
    code = f"from datasets.pipeline.command import start; start(lambda: print('word\\n' * {lines}))"
    command = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    command.stdout.close()
    assert command.stderr.read() == b""
    command.wait()


def test_a_command_ends_with_the_status_of_its_main():
    code = "from datasets.pipeline.command import start; start(lambda: 2)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 2
