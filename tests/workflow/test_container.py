"""The image for a cluster has what the lock names, and jobs run in it. That docker builds it is not tested here."""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.specifiers import SpecifierSet

from tests.workflow.test_workflow import copy_tree

ROOT = Path(__file__).parents[2]
LINES = [line.split(maxsplit=1) for line in (ROOT / "Dockerfile").read_text().splitlines() if line[:1].isupper()]
# Stands for apptainer: says what it was asked for, and runs the command here.
APPTAINER = """#!{python}
import os, sys
if "--version" in sys.argv:
    sys.exit(print("apptainer version 1.3.0"))
with open("asked", "a") as file:
    print(*sys.argv[1:-1], file=file)
os.execvp("bash", ["bash", "-c", sys.argv[-1]])
"""


def said(instruction: str) -> list[str]:
    return [rest for name, rest in LINES if name == instruction]


def test_the_image_has_a_python_that_the_project_wants_and_the_lock_installed():
    (base,) = said("FROM")
    python = re.fullmatch(r"python:(\d+\.\d+)-slim", base)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert SpecifierSet(project["requires-python"]).contains(python[1])
    for copied in said("COPY"):
        *files, to = shlex.split(copied)
        assert files == ["requirements.lock"] and to == "/" and all((ROOT / file).is_file() for file in files)
    (install,) = said("RUN")
    assert install.startswith("python -m pip install ") and install.endswith(" -r /requirements.lock")


def test_jobs_run_in_the_image_that_is_made_of_it(tmp_path):
    folder, tools = tmp_path / "tree", tmp_path / "tools"
    folder.mkdir()
    tools.mkdir()
    copy_tree(folder)
    apptainer = tools / "apptainer"
    apptainer.write_text(APPTAINER.format(python=sys.executable))
    apptainer.chmod(0o755)
    (folder / "whatifrec.sif").touch()
    image = re.search(r"apptainer build (\S+) ", (ROOT / "Dockerfile").read_text())[1]
    path = os.pathsep.join([str(tools), os.environ["PATH"]])
    command = [sys.executable, "-m", "snakemake", "--config", "scale=mini", "--sdm", "apptainer", "--cores", "1"]
    ended = subprocess.run(
        [*command, "results/mini/data/synthetic/data.json"],
        cwd=folder,
        env=os.environ | {"PATH": path, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    asked = (folder / "asked").read_text().splitlines()
    assert len(asked) == 1 and asked[0].endswith(f" {image} bash -c")
