"""What the rules ask: which files a job reads, what it is given, what makes it run again. No torch here."""

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from datasets.pipeline.card import card, cards
from datasets.pipeline.code import ROOT, closure, digest, made_with, source
from datasets.pipeline.errors import BadInput
from paper_tables.cell import Cell
from paper_tables.scale_part import asked
from paper_tables.spec.paper import PAPERS
from workflow.cells import graph, jobs
from workflow.cells.pools import find_pool
from workflow.cells.settings import known_cards, treatment_method
from workflow.options import is_true
from workflow.scale import Scale, named_scale


def check(scale: str) -> None:
    """Refuse a scale whose cells or settings are wrong, and methods that are no Python, before anything runs."""
    cells = graph.all_cells(named_scale(scale)).values()
    methods = {name for cell in cells for name in (cell.anchor, cell.sampler, treatment_method(cell.treatment)[0])}
    for name in sorted(methods & known_cards().keys()):
        for file in sorted(known_cards()[name].folder.rglob("*.py")):
            source(file)
    for cell in cells:
        graph.planned_settings(named_scale(scale), cell)


def papers(scale: str) -> list[str]:
    return list(named_scale(scale).content.get("papers") or {})


def targets(scale: str) -> list[str]:
    """Names that can be asked for: each paper, and each of its tables and figures."""
    return [
        name
        for paper in papers(scale)
        for name in (paper, *(f"{paper}_{target}" for target in made(named_scale(scale), paper)))
    ]


def made(scale: Scale, paper: str) -> tuple[str, ...]:
    """The tables and figures of a paper that the scale makes."""
    return asked(scale.content, paper, graph.specification(paper).TARGETS)


def target_files(scale: str, name: str) -> list[str]:
    """The files of a paper (`casr`) or of one of its tables and figures (`casr_table2`)."""
    paper, _, target = name.partition("_")
    specification, results = graph.specification(paper), named_scale(scale).results
    wanted = [target] if target else made(named_scale(scale), paper)
    return [str(file) for each in wanted for file in specification.outputs(each, results)]


def document_files(scale: str, name: str) -> list[str]:
    """A paper's LaTeX document, which goes with the paper as a whole."""
    if "_" in name:
        return []
    return [str(file) for file in graph.specification(name).outputs("document", named_scale(scale).results)]


def asked_files(scale: str, *names: str) -> list[str]:
    """What a run is asked for by names of papers and of their targets: pages, and the results of all cells behind them.

    A page alone would not do: as long as it stands, Snakemake does not look whether a result that it was made of does.
    """
    pages = [file for name in names for file in (*target_files(scale, name), *document_files(scale, name))]
    return [*pages, *(str(graph.result_file(named_scale(scale), cell)) for cell in _asked_cells(scale, names))]


def _asked_cells(scale: str, names: Iterable[str]) -> list[Cell]:
    """The cells that papers and their targets are made of, each once."""
    found = {}
    for paper, _, target in (name.partition("_") for name in names):
        for each in [target] if target else graph.specification(paper).TARGETS:
            found |= _read_by(named_scale(scale), paper, each)
    return list(found.values())


def table_inputs(wildcards) -> list[str]:
    """Results of the cells that a table or figure reads, and the audits of its data. Where earlier tables of the paper
    read some of the same cells and no others, they stand for them, and for their data."""
    scale = named_scale(wildcards.scale)
    specification = graph.specification(wildcards.paper)
    targets = made(scale, wildcards.paper)
    if wildcards.target not in targets:
        raise BadInput(f"no target '{wildcards.target}' at scale {scale.name}: one of {', '.join(targets)}")
    read, files = _read_by(scale, wildcards.paper, wildcards.target), []
    about = read or {name: cell for name, cell in graph.all_cells(scale).items() if cell.paper == wildcards.paper}
    left, datasets = dict(read), {cell.dataset for cell in about.values()}
    for other in targets[: targets.index(wildcards.target)]:
        theirs = _read_by(scale, wildcards.paper, other)
        if theirs.keys() <= read.keys() and not theirs.keys().isdisjoint(left):
            files.append(str(specification.outputs(other, scale.results)[0]))
            left = {name: cell for name, cell in left.items() if name not in theirs}
            datasets -= {cell.dataset for cell in theirs.values()}
    return [*files, *(str(graph.result_file(scale, cell)) for cell in left.values()), *_audits(scale, datasets)]


@cache
def _read_by(scale: Scale, paper: str, target: str) -> dict[str, Cell]:
    """The cells that a table or figure reads, by identifier."""
    return {cell.identifier: cell for cell in graph.target_cells(scale, paper, target)}


def comparison_inputs(wildcards) -> list[str]:
    """The tables of all papers, which wait for all cells of the scale and for the audits of their data."""
    scale = named_scale(wildcards.scale)
    return [file for paper in papers(scale.name) for file in target_files(scale.name, paper)]


def report_inputs(scale: str) -> list[str]:
    """All that the report of a scale shows: every table, figure and document, and the comparison."""
    made = [file for paper in papers(scale) for file in (*target_files(scale, paper), *document_files(scale, paper))]
    return [*made, str(named_scale(scale).results / "comparison.csv")]


def _audits(scale: Scale, datasets: Iterable[str]) -> list[str]:
    """What is known of the data sets: an audit stands for the counts that it is made of."""
    audited = [name for name in sorted(datasets) if not (card(name).folder / "environment.py").is_file()]
    return [f"{scale.results}/data/{name}/audit.json" for name in audited]


def store(dataset: str) -> str:
    """The folder of a data set's raw files."""
    return f"datasets/{card(dataset).folder.name}/raw"


def raw_record(dataset: str) -> list[str]:
    """What `fetch` leaves for a data set; nothing for one that is generated."""
    return [f"{store(dataset)}/fetched.json"] if card(dataset).downloads else []


def name_in(folder: str) -> str:
    """The data set whose card lies in datasets/<folder>."""
    return next(about.name for about in cards().values() if about.folder.name == folder)


def fetch_options(config: Mapping) -> list[str]:
    """Options of every fetch command, from `--config raw=… accept_unverified=…`: whole words, which a rule quotes."""
    raw, options = config.get("raw"), []
    if raw and not isinstance(raw, str):
        raise BadInput(f"raw is read as {raw!r} by Snakemake, and not as a path; write it with a slash: raw=./FOLDER")
    if raw:
        options += ["--raw", raw]
    if is_true(config.get("accept_unverified")):
        options.append("--accept-unverified")
    return options


def scale_value(wildcards, key: str) -> int:
    return getattr(named_scale(wildcards.scale), key)


def attempts(wildcards, attempt: int) -> int:
    """The number of the attempt, for a rule to name it in its command."""
    return attempt


def side_by_side(workflow, gpu: int) -> int:
    """How many training jobs run at once, as far as the workflow's own limits say. On a cluster these count jobs."""
    limits = [workflow.cores if workflow.local_exec else workflow.nodes]
    if gpu and "gpu" in workflow.global_resources:
        limits.append(workflow.global_resources["gpu"].value)
    return max(1, min(limits))


def job_inputs(kind: str, wildcards) -> list[str]:
    """The files that a job reads. A rule does not name them one by one: names would take a twentieth of a plan."""
    scale = named_scale(wildcards.scale)
    if kind == "pool":
        found = jobs.pool_inputs(scale, find_pool(scale, _identifier(wildcards, "pool")))
    elif kind == "tuning":
        found = jobs.tuning_inputs(scale, graph.searched_cell(scale, _identifier(wildcards, "cell")))
    else:
        found = jobs.cell_inputs(scale, graph.find_cell(scale, _identifier(wildcards, "cell")))
    return [str(file) for files in found.values() for file in files]


def job_digest(kind: str, wildcards) -> str:
    """A checksum of what a job is made with, besides its input files: when it changes, the job runs again."""
    scale = named_scale(wildcards.scale)
    if kind == "cell":
        return jobs.cell_digest(scale, graph.find_cell(scale, _identifier(wildcards, "cell")))
    if kind == "pool":
        return jobs.pool_digest(scale, find_pool(scale, _identifier(wildcards, "pool")))
    if kind == "tuning":
        return jobs.tuning_digest(scale, graph.searched_cell(scale, _identifier(wildcards, "cell")))
    if kind == "table":
        return digest([_tables_code((wildcards.paper,)), _cards(), scale.content.get("papers")])
    if kind == "comparison":
        return digest([_tables_code(tuple(papers(scale.name))), _cards(), scale.content.get("papers")])
    if kind == "report":
        files = sorted(file for file in (ROOT / "paper_tables" / "report").rglob("*.*") if file.suffix != ".pyc")
        return digest([file.read_text(encoding="utf-8") for file in files])
    if kind == "split":
        return made_with(kind)
    made = made_with(kind, card(wildcards.dataset).folder)
    if kind == "audit":  # it says why an order was taken, in the card's words
        return digest([made, (card(wildcards.dataset).folder / "card.yaml").read_text(encoding="utf-8")])
    return made


@cache
def _cards() -> list[str]:
    """Every card as it is: tables show labels and citations, by which nothing is trained."""
    return [digest(file.read_text(encoding="utf-8")) for file in sorted(ROOT.glob("*/*/card.yaml"))]


@cache
def _tables_code(asked: tuple[str, ...]) -> list[list[str]]:
    """The content of paper_tables: what all papers share, and the folders of the papers that are asked for."""
    tables = ROOT / "paper_tables"
    shared = [place for place in sorted(tables.iterdir()) if place.name != PAPERS.name]
    return [_code(place) for place in (*shared, *(tables / PAPERS.name / name for name in asked))]


@cache
def _code(place: Path) -> list[str]:
    """The content of a module or a folder of modules, and of what they import; cards and printed numbers included."""
    inside = [place] if place.is_file() else sorted(place.rglob("*"))
    files = sorted(closure(file for file in inside if file.suffix in (".py", ".yaml", ".csv")))
    return [f"{file.relative_to(ROOT)} {digest(file.read_text(encoding='utf-8'))}" for file in files]


def _identifier(wildcards, kind: str) -> str:
    """Of a cell or a pool."""
    return f"{wildcards.paper}/{wildcards.split}/{getattr(wildcards, kind)}"
