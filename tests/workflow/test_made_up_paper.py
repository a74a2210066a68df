"""A paper added as a folder to a copy of the tree, without an edit elsewhere: two methods on one data set, one group of
users, one curve and one printed table, from data to tables and the comparison."""

import pandas as pd
import pytest

from datasets.pipeline.files import read_json
from tests.workflow.test_made_up_folders import add, scale_of
from tests.workflow.test_workflow import copy_tree, snakemake

PAPER = """
label: Casual
unit: percent
metrics: [ndcg@5, hr@5]
selection: ndcg@5 of casual
split: cut-2021-01-01
settings: {stamp: {dropout: 0.25}}
data: {all: {datasets: [l2aug-world]}}
lists: {baselines: [popularity], anchors: [stamp], strategies: [casr-h], samplers: [stamp]}
views:
  all: {place: users=all}
  casual: {group: casual, place: users=casual}
against: {casr-h: [plain]}
rows: {main: [{anchor: baselines}, {anchor: anchors, treatment: strategies, sampler: samplers}]}
targets:
  table1: {kind: accuracy, printed: 1, rows: main}
  figure1:
    {kind: curves, setting: share, values: shares, usual: 1.0, short: "r{:.6g}", times: 100, axis: share, title: NDCG}
  tests: {kind: tests, of: [table1]}
  verdicts: {kind: verdicts, of: [table1]}
"""
PRINTED = """
paper,table,dataset,setting,anchor,method,sampler,metric,k,value,std,unit,footnote,reported_gain_percent
casual,1,l2aug-world,users=casual,stamp,none,,ndcg,5,1.0,,percent,,
casual,1,l2aug-world,users=casual,stamp,casr-h,stamp,ndcg,5,2.0,,percent,,
casual,1,l2aug-world,users=all,popularity,none,,hr,5,3.0,,percent,,
"""


def test_a_paper_with_a_group_a_curve_and_a_printed_table(tmp_path):
    folder = copy_tree(tmp_path)
    files = {"paper.yaml": PAPER, "printed/table1.csv": PRINTED, "anomalies.yaml": "[]\n", "claims.yaml": "[]\n"}
    add(folder / "paper_tables/papers/casual", files)
    figures = {"figure1": {"datasets": ["l2aug-world"], "shares": [0.5, 1.0]}}
    scale_of(
        folder, "casual", datasets={"l2aug-world": {}}, figures=figures, combinations={"l2aug-world": ["stamp"] * 2}
    )
    snakemake(folder, "casual", "results/mini/comparison.csv")
    results = folder / "results" / "mini"
    table = pd.read_csv(results / "tables" / "casual_table1.csv")
    assert set(table["status"]) == {"done"} and set(table["view"]) == {"all", "casual"}
    cell = read_json(results / "cells/casual/l2aug-world.cut-2021-01-01/stamp/result.json")
    assert cell["settings"]["anchor"]["dropout"] == 0.25  # the paper's
    seed = cell["seeds"]["1"]
    for view, parts in (("all", seed["metrics"]), ("casual", seed["groups"]["casual"])):
        rows = table[(table["view"] == view) & (table["anchor"] == "stamp") & (table["metric"] == "ndcg")]
        [mean] = rows.loc[rows["method"] == "none", "mean"]
        assert mean == pytest.approx(100 * parts["test"]["kept"]["ndcg@5"], rel=1e-4)
    users = table.drop_duplicates("view").set_index("view")["n_users"]
    assert 0 < users["casual"] < users["all"]
    tests = pd.read_csv(results / "tables" / "casual_tests.csv")
    assert set(tests["status"]) == {"done"} and (tests["users"] <= users["all"]).all()
    curve = pd.read_csv(results / "figures" / "casual_figure1.csv")
    assert curve["x"].tolist() == [0.5, 1.0] and set(curve["status"]) == {"done"}
    compared = pd.read_csv(results / "comparison.csv")
    printed = compared[compared["printed"].notna()]
    assert len(printed) == 3 and set(printed["status"]) == {"done"} and printed["verdict"].notna().all()
