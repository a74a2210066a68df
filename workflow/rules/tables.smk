"""Tables and figures: seconds, no training, no torch.

What stands where these rules write was made after all cells had ended: hence `--final`. What a person makes of an
unfinished run lies in results/<scale>/so_far (paper_tables/command.py).
"""


# Where Snakemake runs, on a cluster, too.
localrules:
    table,
    figure,
    document,
    comparison,
    report_page,
    compare,


rule table:
    input:
        lambda wildcards: table_inputs(wildcards),
    output:
        multiext("results/{scale}/tables/{paper}_{target}", ".csv", ".tex"),
    params:
        digest=lambda wildcards: job_digest("table", wildcards),
    log:
        "results/{scale}/logs/tables/{paper}_{target}.log",
    retries: 1  # killed for want of memory, say: seconds, so that a second attempt costs little
    shell:
        WARM + "python -m paper_tables {wildcards.paper} {wildcards.target} --scale-file config/{wildcards.scale}.yaml"
        " --results results/{wildcards.scale} --final > {log} 2>&1"


use rule table as figure with:
    output:
        multiext("results/{scale}/figures/{paper}_{target}", ".csv", ".tex", ".pdf", ".png"),
    log:
        "results/{scale}/logs/figures/{paper}_{target}.log",


rule document:
    input:
        lambda wildcards: target_files(wildcards.scale, wildcards.paper),
    output:
        "results/{scale}/tables/{paper}.tex",
    log:
        "results/{scale}/logs/tables/{paper}.log",
    shell:
        WARM + "python -m paper_tables {wildcards.paper} document --scale-file config/{wildcards.scale}.yaml"
        " --results results/{wildcards.scale} --final > {log} 2>&1"


rule comparison:
    input:
        lambda wildcards: comparison_inputs(wildcards),
    output:
        "results/{scale}/comparison.csv",
    params:
        digest=lambda wildcards: job_digest("comparison", wildcards),
    log:
        "results/{scale}/logs/comparison.log",
    shell:
        WARM + "python -m paper_tables.judge.comparison --scale-file config/{wildcards.scale}.yaml"
        " --results results/{wildcards.scale} --final > {log} 2>&1"


rule report_page:
    input:
        lambda wildcards: report_inputs(wildcards.scale),
    output:
        report("results/{scale}/report.html", category="Report"),
    params:
        digest=lambda wildcards: job_digest("report", wildcards),
    log:
        "results/{scale}/logs/report.log",
    shell:
        WARM + "python -m paper_tables.report --scale-file config/{wildcards.scale}.yaml"
        " --results results/{wildcards.scale} --final > {log} 2>&1"
        " && rm -rf results/{wildcards.scale}/so_far"  # the pages of an unfinished run, which is finished now


rule report:
    input:
        asked_files(SCALE, *papers(SCALE)),
        f"results/{SCALE}/report.html",


# No input: of what there is, now, without training.
rule compare:
    shell:
        "python -m paper_tables.judge.comparison --scale-file config/{SCALE:q}.yaml --results results/{SCALE:q}"


for target_name in targets(SCALE):

    rule:
        name:
            target_name
        input:
            asked_files(SCALE, target_name),
