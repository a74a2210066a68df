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
        "python -m paper_tables.{wildcards.paper} {wildcards.target} --scale-file config/{wildcards.scale}.yaml"
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
        "python -m paper_tables.{wildcards.paper} document --scale-file config/{wildcards.scale}.yaml"
        " --results results/{wildcards.scale} > {log} 2>&1"


for target_name in targets(SCALE):

    rule:
        name:
            target_name
        input:
            target_files(SCALE, target_name),
            document_files(SCALE, target_name),
