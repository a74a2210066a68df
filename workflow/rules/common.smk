"""What all rules share. The functions themselves are plain Python, in workflow/."""

import gc
import os
import sys
from pathlib import Path

PROJECT = str(workflow.basedir)
sys.path.insert(0, PROJECT)

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import Quietness

from datasets.pipeline.errors import BadInput
from workflow import warm
from workflow.clock import mend_times
from workflow.lease import devices
from workflow.options import check_config, check_environment, first_words
from workflow.stale import make_anew
from workflow.targets import (
    asked_files,
    attempts,
    check,
    comparison_inputs,
    fetch_options,
    job_digest,
    job_inputs,
    name_in,
    papers,
    raw_record,
    report_inputs,
    scale_value,
    side_by_side,
    store,
    table_inputs,
    target_files,
    targets,
)

# A plan is thousands of jobs that stay: looking for garbage among them takes a sixth of its time.
gc.set_threshold(1_000_000, 50, 100)
# Where the lines of jobs are hidden, a dry-run ends with its summary, and does not write all lines before.
if workflow.output_settings.dryrun and Quietness.RULES in (workflow.output_settings.quiet or ()):
    workflow.output_settings.quiet = {Quietness.RULES, Quietness.PROGRESS}

# Results may lie elsewhere than the project (--directory): its settings are found there, too, if there are no others.
if not Path("config").is_dir():
    Path("config").symlink_to(Path(PROJECT, "config"))

# Bad settings end the run here, in one line, and not deep in a job. A job of a cluster, which starts Snakemake twice, does
# not look at all cells again: a fifth of what that costs.
try:
    if workflow.is_main_process:
        check_environment(os.environ)
        check_config(config, sys.argv)
        check(str(config.get("scale", "paper")))
    FETCH_OPTIONS = fetch_options(config)
except BadInput as error:
    raise WorkflowError(str(error)) from None

SCALE = str(config.get("scale", "paper"))
# A clock that was set back would make Snakemake refuse every new file.
if workflow.is_main_process and not workflow.output_settings.dryrun:
    own = [Path("results", SCALE), Path("results/demo"), *Path("datasets").glob("*/raw/fetched.json")]
    if mended := mend_times(*own):
        print(f"{mended} files had a time that lies ahead (was a clock set back?): it is now.", file=sys.stderr)

CARDS_HERE = bool(devices(os.environ))

# Jobs run with the Python that runs Snakemake, and with this project, wherever they run.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [PROJECT, os.environ.get("PYTHONPATH")]))
os.environ["WHATIFREC_TERMINAL"] = "3"  # the rules of training jobs say 3>&2


def gpu(wildcards) -> int:
    """How many cards a job that trains asks for. On a cluster they are elsewhere: one, unless `--config gpu=0` says that
    there are none. A profile must not say it: its whole `config` is gone as soon as the command line has one."""
    return int(config.get("gpu", CARDS_HERE or not workflow.local_exec))


WARM = "python -m workflow.lease --slots-per-gpu 0 -- "  # before a command that a warm process may fork


def leased(job: str) -> str:
    """What stands before the command of a job that trains: it gets a card of its own. job: names the file of its cost."""
    return (
        "python -m workflow.lease --slots-per-gpu {resources.slots_per_gpu}"
        f" --cost results/{{wildcards.scale}}/benchmarks/{job}.tsv -- "
    )


# What stands after it: what becomes of a failure.
OR_FAILED = (
    " || python -m workflow.cells.failed --scale-file config/{wildcards.scale}.yaml --output {output} --log {log}"
    " --code $? --attempt {resources.attempt} --attempts ${{WHATIFREC_ATTEMPTS:-1}} 3>&2"
)
OF_CELL = " --cell {wildcards.paper}/{wildcards.split}/{wildcards.cell}"


# Not in the jobs of a cluster, which start Snakemake again: they inherit what is set here.
onstart:
    if workflow.is_main_process:
        jobs = [(job.rule.name, list(job.output)) for job in workflow.dag.needrun_jobs()]
        print(first_words(jobs), file=sys.stderr, flush=True)
    os.environ["WHATIFREC_JOBS"] = str(side_by_side(workflow, gpu(None)))  # for the time left
    os.environ["WHATIFREC_ATTEMPTS"] = str(workflow.execution_settings.retries + 1)
    if workflow.local_exec:
        warm.offer()
        # Cores limit the jobs here. Snakemake's limit of their rate plans another look at all open jobs a second after
        # every look, and one more with every job that ends: after 300 jobs a fifth of a core does nothing else.
        workflow.scheduler.job_rate_limiter = None


# What a wildcard stands for becomes a part of commands: nothing that a shell would read otherwise.
NAME = r"[A-Za-z0-9_.-]+"


wildcard_constraints:
    scale=r"[a-z0-9-]+",
    paper=r"[a-z0-9]+",
    dataset=r"[a-z0-9-]+",
    split=r"[a-z0-9-]+(\.[a-z0-9-]+){1,3}",
    target=r"[a-z0-9]+",
    cell=NAME,
    pool=NAME,
