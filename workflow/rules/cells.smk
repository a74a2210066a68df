"""What trains: cells, the pools that treated cells draw from, and searches for settings. A job has all seeds of a cell.

A job's own words go into its log; descriptor 3 leads to the terminal. A job that fails in its last attempt leaves a
result that says so (workflow/cells/failed.py), and everything that does not build on it goes on.
"""


rule cell:
    input:
        lambda wildcards: job_inputs("cell", wildcards),
    output:
        "results/{scale}/cells/{paper}/{split}/{cell}/result.json",
    params:
        digest=lambda wildcards: job_digest("cell", wildcards),
    log:
        "results/{scale}/logs/cells/{paper}/{split}/{cell}.log",
    threads: lambda wildcards: scale_value(wildcards, "threads")
    resources:
        gpu=gpu,
        mem_mb=lambda wildcards, attempt: scale_value(wildcards, "memory_mb") * attempt,
        runtime=lambda wildcards, attempt: scale_value(wildcards, "minutes") * attempt,
        slots_per_gpu=lambda wildcards: scale_value(wildcards, "slots_per_gpu"),
        attempt=attempts,
    shell:
        leased("cells/{wildcards.paper}/{wildcards.split}/{wildcards.cell}")
        + "python -m workflow.cells.run --scale-file config/{wildcards.scale}.yaml"
        " --cell {wildcards.paper}/{wildcards.split}/{wildcards.cell} 3>&2 > {log} 2>&1"
        + OR_FAILED + OF_CELL


rule pool:
    input:
        lambda wildcards: job_inputs("pool", wildcards),
    output:
        "results/{scale}/pools/{paper}/{split}/{pool}/pool.json",
    params:
        digest=lambda wildcards: job_digest("pool", wildcards),
    log:
        "results/{scale}/logs/pools/{paper}/{split}/{pool}.log",
    threads: lambda wildcards: scale_value(wildcards, "threads")
    resources:
        gpu=gpu,
        mem_mb=lambda wildcards, attempt: scale_value(wildcards, "memory_mb") * attempt,
        runtime=lambda wildcards, attempt: scale_value(wildcards, "minutes") * attempt,
        slots_per_gpu=lambda wildcards: scale_value(wildcards, "slots_per_gpu"),
        attempt=attempts,
    shell:
        leased("pools/{wildcards.paper}/{wildcards.split}/{wildcards.pool}")
        + "python -m workflow.cells.pool --scale-file config/{wildcards.scale}.yaml"
        " --pool {wildcards.paper}/{wildcards.split}/{wildcards.pool} 3>&2 > {log} 2>&1"
        + OR_FAILED


rule tune:
    input:
        lambda wildcards: job_inputs("tuning", wildcards),
    output:
        "results/{scale}/tuning/{paper}/{split}/{cell}.json",
    params:
        digest=lambda wildcards: job_digest("tuning", wildcards),
    log:
        "results/{scale}/logs/tuning/{paper}/{split}/{cell}.log",
    threads: lambda wildcards: scale_value(wildcards, "threads")
    resources:
        gpu=gpu,
        mem_mb=lambda wildcards, attempt: scale_value(wildcards, "memory_mb") * attempt,
        runtime=lambda wildcards, attempt: scale_value(wildcards, "minutes") * attempt,
        slots_per_gpu=lambda wildcards: scale_value(wildcards, "slots_per_gpu"),
        attempt=attempts,
    shell:
        leased("tuning/{wildcards.paper}/{wildcards.split}/{wildcards.cell}")
        + "python -m workflow.cells.tune --scale-file config/{wildcards.scale}.yaml"
        " --cell {wildcards.paper}/{wildcards.split}/{wildcards.cell} 3>&2 > {log} 2>&1"
        + OR_FAILED
