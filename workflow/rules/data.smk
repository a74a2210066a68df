"""From raw file to split.

What only some data have (lists, candidates, truth) is no output: data.json and split.json are written after it.
"""


# Where files are looked for is no part of what is fetched: a record that stands is true whatever the options say, so they
# are no params. The command looks at the record itself, and repeats what may help: another attempt would not. A job that
# fails leaves the record as it was.
rule fetch:
    output:
        update("datasets/{folder}/raw/fetched.json"),
    params:
        dataset=lambda wildcards: name_in(wildcards.folder),
    log:
        "results/logs/fetch/{folder}.log",
    retries: 0
    localrule: True
    shell:
        "python -m datasets.pipeline fetch --dataset {params.dataset} --store datasets/{wildcards.folder}/raw"
        " {FETCH_OPTIONS:q} > {log:q} 2>&1"


rule prepare:
    input:
        lambda wildcards: make_anew(workflow, wildcards) + raw_record(wildcards.dataset),
    output:
        multiext("results/{scale}/data/{dataset}/", "interactions.parquet", "users.parquet", "items.parquet", "data.json"),
    params:
        digest=lambda wildcards: job_digest("prepare", wildcards),
        store=lambda wildcards: store(wildcards.dataset),  # where Snakemake runs (--directory), and not beside the code
    log:
        "results/{scale}/logs/prepare/{dataset}.log",
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    shell:
        "python -m datasets.pipeline prepare --dataset {wildcards.dataset} --results results/{wildcards.scale}"
        " --store {params.store} > {log} 2>&1"


rule audit:
    input:
        "results/{scale}/data/{dataset}/data.json",
        "results/{scale}/data/{dataset}/interactions.parquet",
    output:
        "results/{scale}/data/{dataset}/audit.json",
    params:
        digest=lambda wildcards: job_digest("audit", wildcards),
    log:
        "results/{scale}/logs/audit/{dataset}.log",
    localrule: True
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    shell:
        "python -m datasets.pipeline audit --dataset {wildcards.dataset} --results results/{wildcards.scale}"
        " > {log} 2>&1"


rule split:
    input:
        lambda wildcards: make_anew(workflow, wildcards) + expand(
            "results/{scale}/data/{dataset}/{file}",
            scale=wildcards.scale,
            dataset=wildcards.split.split(".")[0],
            file=("data.json", "interactions.parquet", "items.parquet"),
        ),
    output:
        multiext("results/{scale}/splits/{split}/", "train.csv", "validation.csv", "test.csv", "items.csv", "split.json"),
    params:
        digest=lambda wildcards: job_digest("split", wildcards),
    log:
        "results/{scale}/logs/split/{split}.log",
    resources:
        mem_mb=lambda wildcards, attempt: 4000 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    shell:
        "python -m datasets.pipeline split --split {wildcards.split} --results results/{wildcards.scale} > {log} 2>&1"
