"""One command makes the tables of every paper that a scale names."""

import yaml

from paper_tables.__main__ import main, tables


def test_every_paper_of_the_scale_is_written(monkeypatch, tmp_path, capsys):
    asked = {}
    monkeypatch.setattr(
        "paper_tables.__main__.write",
        lambda name, targets, scale, results: asked.setdefault(name, targets) and [results / name],
    )
    file = tmp_path / "scale.yaml"
    file.write_text(yaml.safe_dump({"scale": "scale", "papers": {"casr": {}, "cpr": {}}}))
    assert main(["--scale-file", str(file), "--results", str(tmp_path)]) == 0
    assert list(asked) == ["casr", "cpr"]
    assert {"table2", "figure3", "document"} <= set(asked["casr"]) and {"table4", "document"} <= set(asked["cpr"])
    assert capsys.readouterr().out.split() == [str(tmp_path / "so_far" / "casr"), str(tmp_path / "so_far" / "cpr")]


def test_a_scale_without_papers_has_no_tables(tmp_path):
    assert list(tables({"scale": "empty"}, tmp_path)) == []
