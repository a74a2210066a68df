"""What all rules share. The functions themselves are plain Python, in workflow/."""

import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, workflow.basedir)

from snakemake.exceptions import WorkflowError
from snakemake.settings.types import Quietness

from datasets.pipeline.errors import BadInput
from workflow import warm
from workflow.clock import mend_times
from workflow.lease import devices
from workflow.options import check_config, check_environment, check_folder, first_words
from workflow.targets import (
    asked_files,
    attempts,
    check,
    comparison_inputs,
    fetch_options,
    job_digest,
    job_inputs,
    papers,
    raw_record,
    report_inputs,
    scale_value,
    side_by_side,
    table_inputs,
    target_files,
    targets,
)

# A plan is thousands of jobs that stay: looking for garbage among them takes a sixth of its time.
gc.set_threshold(1_000_000, 50, 100)
# Where the lines of jobs are hidden, a dry-run ends with its summary, and does not write all lines before.
if workflow.output_settings.dryrun and Quietness.RULES in (workflow.output_settings.quiet or ()):
    workflow.output_settings.quiet = {Quietness.RULES, Quietness.PROGRESS}

# Bad settings end the run here, in one line, and not deep in a job.
try:
    check_folder(Path.cwd(), Path(workflow.basedir))
    check_environment(os.environ)
    check_config(config, sys.argv if workflow.is_main_process else ())
    check(str(config.get("scale", "paper")))
except BadInput as error:
    raise WorkflowError(str(error)) from None

SCALE = str(config.get("scale", "paper"))
# A clock that was set back would make Snakemake refuse every new file.
if workflow.is_main_process and not workflow.output_settings.dryrun:
    if mended := mend_times(Path("results", SCALE), Path("results/demo"), *Path("datasets").glob("*/raw")):
        print(f"{mended} files had a time that lies ahead (was a clock set back?): it is now.", file=sys.stderr)

# On a cluster the cards are elsewhere: profiles/slurm says that there are some.
GPU = int(config.get("gpu", bool(devices(os.environ))))
ATTEMPTS = 3

# Jobs run with the Python that runs Snakemake, and know how many of them run side by side (for the time left).
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["WHATIFREC_TERMINAL"] = "3"  # the rules of training jobs say 3>&2
os.environ["WHATIFREC_JOBS"] = str(side_by_side(workflow, GPU))

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
    " --code $? --attempt {resources.attempt} --attempts {ATTEMPTS} 3>&2"
)
OF_CELL = " --cell {wildcards.paper}/{wildcards.split}/{wildcards.cell}"


onstart:
    if workflow.is_main_process:
        jobs = [(job.rule.name, list(job.output)) for job in workflow.dag.needrun_jobs()]
        print(first_words(jobs), file=sys.stderr, flush=True)
    if workflow.local_exec:
        warm.offer()
        # Cores limit the jobs here. Snakemake's limit of their rate plans another look at all open jobs a second after
        # every look, and one more with every job that ends: after 300 jobs a fifth of a core does nothing else.
        workflow.scheduler.job_rate_limiter = None


wildcard_constraints:
    scale=r"[a-z0-9-]+",
    paper=r"[a-z0-9]+",
    dataset=r"[a-z0-9-]+",
    split=r"[a-z0-9-]+\.[a-z]+(\.[a-z]+)?",
    target=r"[a-z0-9]+",
    cell=r"[^/]+",
    pool=r"[^/]+",
