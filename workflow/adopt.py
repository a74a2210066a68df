"""Fix what a search found as the settings of another scale: `make adopt SCALE=search TO=quick`.

Writes config/settings/<to>/<data set>.yaml, a section for each recommender and each strategy that was searched. All
combinations of a strategy try the same points, and within one combination these differ by less than the noise of a
seed: the strategy gets the point of the best mean over its combinations. `make publish SCALE=search` shows all trials.
"""

import argparse
from pathlib import Path

import yaml

from datasets.pipeline.errors import BadInput
from datasets.pipeline.files import read_json, whole_file
from workflow.cells.errors import told
from workflow.cells.files import DONE
from workflow.scale import Scale, load_scale, named_scale

STRATEGY = "."  # in the name of a cell that has anchor, strategy and sampler
PROTOCOL = "loo"  # what a data set's settings are chosen on; its other splits use them as they are


def adopt(search: Scale, to: Scale) -> list[Path]:
    """Write the settings that `search` found for `to`; gives the files. Raises BadInput where nothing was found, or a
    search failed."""
    files = []
    for folder in sorted((search.results / "tuning").glob(f"*.{PROTOCOL}")):
        found = {file.stem: read_json(file) for file in sorted(folder.glob("*.json"))}
        failed = [f"{name} ({content['reason']})" for name, content in found.items() if content["status"] != DONE]
        if failed:
            raise BadInput(f"{folder}: failed: {'; '.join(failed)}; run `make retry SCALE={search.name}`, then again")
        if found:
            file = to.settings_file(folder.name.split(".")[0])
            file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(file) as temporary:
                temporary.write_text(as_yaml(search, found), encoding="utf-8")
            files.append(file)
    if not files:
        raise BadInput(f"{search.results / 'tuning'}: no search has ended there; run the scale '{search.name}' first")
    return files


def as_yaml(search: Scale, found: dict[str, dict]) -> str:
    """The chosen settings as a settings file, with what was spent on them."""
    trials, hours = sum(len(each["trials"]) for each in found.values()), sum(each["seconds"] for each in found.values())
    head = (
        f"# Written by `make adopt`: the best of at most {search.tuning.budget} points by validation NDCG@5, seed "
        f"{', '.join(sorted({str(each['seed']) for each in found.values()}))}\n"
        f"# (config/{search.name}.yaml). {trials} trials of {len(found)} cells, {hours / 3600:.1f} hours.\n"
    )
    chosen = {name: each["chosen"] for name, each in found.items() if STRATEGY not in name}
    strategies = sorted({strategy_of(name) for name in found if STRATEGY in name})
    for strategy in strategies:
        chosen[strategy] = best_together([each for name, each in found.items() if strategy_of(name) == strategy])
    return head + yaml.safe_dump(chosen, sort_keys=False, default_flow_style=None, width=120)


def strategy_of(name: str) -> str:
    """`casr-d` of `narm.casr-d.stamp`; empty for a recommender."""
    return name.split(".")[1] if STRATEGY in name else ""


def best_together(searches: list[dict]) -> dict:
    """The settings with the best mean validation value over all searches. A point that diverged in one is out."""
    values = {}
    for trial in (trial for search in searches for trial in search["trials"]):
        values.setdefault(tuple(trial["settings"].items()), []).append(trial["validation"])
    whole = {point: of for point, of in values.items() if None not in of and len(of) == len(searches)}
    if not whole:
        raise BadInput("the searches of a strategy have no point in common; run all of them with one budget and seed")
    return dict(max(whole, key=lambda point: sum(whole[point])))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale-file", type=Path, required=True, help="the scale that searched")
    parser.add_argument("--to", required=True, help="the scale that is to use what was found")
    options = parser.parse_args()
    with told():
        print(*adopt(load_scale(options.scale_file), named_scale(options.to)), sep="\n")


if __name__ == "__main__":
    main()
