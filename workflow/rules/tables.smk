"""Tables and figures: seconds, no training, no torch."""


rule table:
    input:
        lambda wildcards: table_inputs(wildcards),
    output:
        multiext("results/{scale}/tables/{paper}_{target}", ".csv", ".tex"),
    params:
        digest=lambda wildcards: job_digest("table", wildcards),
    log:
        "results/{scale}/logs/tables/{paper}_{target}.log",
    shell:
        WARM + "python -m paper_tables.{wildcards.paper} {wildcards.target} --scale-file config/{wildcards.scale}.yaml"
        " --results results/{wildcards.scale} > {log} 2>&1"


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
        WARM + "python -m paper_tables.{wildcards.paper} document --scale-file config/{wildcards.scale}.yaml"
        " --results results/{wildcards.scale} > {log} 2>&1"


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
        WARM + "python -m paper_tables.comparison --scale-file config/{wildcards.scale}.yaml"
        " --results results/{wildcards.scale} > {log} 2>&1"


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
        " --results results/{wildcards.scale} > {log} 2>&1"


rule report:
    input:
        f"results/{SCALE}/report.html",


# No input: of what there is, now, without training.
rule compare:
    localrule: True
    shell:
        "python -m paper_tables.comparison --scale-file config/{SCALE}.yaml --results results/{SCALE}"


for target_name in targets(SCALE):

    rule:
        name:
            target_name
        input:
            target_files(SCALE, target_name),
            document_files(SCALE, target_name),
