# A method in another language: its program writes ranks.csv (or scores) into the cell's folder; then the usual command
# of a cell checks them and makes result.json. This rule stands in for the rule `cell` where the cell has the method's
# name. It is called as its folder is, so that a copy of the folder is another method; the Snakefile names the folder.

METHOD = rules_of_method.parent.name

workflow.ruleorder(METHOD, "cell")


rule:
    name:
        METHOD
    input:
        lambda wildcards: job_inputs("cell", wildcards),
    output:
        "results/{scale}/cells/{paper}/{split}/{cell}/result.json",
    wildcard_constraints:
        cell=METHOD.replace("_", "-"),
    params:
        digest=lambda wildcards: job_digest("cell", wildcards),
        cell=lambda wildcards, output: Path(output[0]).parent,
        split="results/{scale}/splits/{split}",
    log:
        "results/{scale}/logs/cells/{paper}/{split}/{cell}.log",
    resources:
        attempt=attempts,
    shell:
        f"(awk -f {{PROJECT:q}}/methods/{METHOD}/popularity.awk"
        " part=train {params.split}/train.csv part=items {params.split}/items.csv"
        " part=validation {params.split}/validation.csv part=test {params.split}/test.csv > {params.cell}/ranks.csv"
        " && python -m workflow.cells.run --scale-file config/{wildcards.scale}.yaml"
        " --cell {wildcards.paper}/{wildcards.split}/{wildcards.cell}) 3>&2 > {log} 2>&1"
        " || python -m workflow.cells.failed --scale-file config/{wildcards.scale}.yaml"
        " --cell {wildcards.paper}/{wildcards.split}/{wildcards.cell} --output {output} --log {log} --code $?"
        " --attempt {resources.attempt} --attempts ${{WHATIFREC_ATTEMPTS:-1}} 3>&2"
