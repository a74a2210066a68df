# A method in another language: it reads a split and writes ranks.csv (or scores) into a folder of its own. The cell's
# usual job checks them and makes result.json.


rule shell_popularity:
    input:
        program="methods/shell_popularity/popularity.awk",
        train="results/{scale}/splits/{split}/train.csv",
        catalogue="results/{scale}/splits/{split}/items.csv",
        validation="results/{scale}/splits/{split}/validation.csv",
        test="results/{scale}/splits/{split}/test.csv",
    output:
        directory("results/{scale}/external/{split}/shell-popularity"),
    log:
        "results/{scale}/logs/external/{split}/shell-popularity.log",
    shell:
        "mkdir -p {output} && awk -f {input.program} part=train {input.train} part=items {input.catalogue}"
        " part=validation {input.validation} part=test {input.test} > {output}/ranks.csv 2> {log}"
