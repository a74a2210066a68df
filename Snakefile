"""WhatIfRec: every table and figure, from raw data.  snakemake --cores all --resources gpu=2

Targets: all (every paper at the chosen scale), demo, casr, casr_table1 .. casr_table3, casr_figure3 .. casr_figure7,
cpr, cpr_table1 .. cpr_table4,
compare (measured against printed, in the terminal, of what there is; no training), report (all in one page).
--config scale=quick    another scale than `paper` (config/*.yaml)
--config raw=FOLDER     raw files that you have already; accept_unverified=true takes files of another checksum
"""

from snakemake.utils import min_version

min_version("9.0")


# With --sdm apptainer jobs run in the image that the Dockerfile makes.
container: "whatifrec.sif"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/cells.smk"
include: "workflow/rules/tables.smk"


# A method may bring rules of its own, e.g. one that is written in another language.
for rules_of_method in sorted(Path(workflow.basedir).glob("methods/[!.]*/rule.smk")):

    include: rules_of_method


# A data set that could not be made must not keep the tables from showing the others.
onerror:
    asked = "demo" if "demo" in workflow.dag_settings.targets else SCALE
    shell("python -m workflow.unfinished --scale-file config/{asked:q}.yaml --tables || true")


rule all:
    default_target: True
    input:
        asked_files(SCALE, *papers(SCALE)),
        f"results/{SCALE}/report.html",


rule demo:
    input:
        asked_files("demo", *papers("demo")),
        "results/demo/report.html",
