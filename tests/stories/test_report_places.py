"""Reports name files as the repository does, wherever the project lies in it, and nothing of this machine."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from llmops_cli import plugins
from tests.support.project import Project, greeting_project

ADDRESS = "https://x-access-token:ghs_secret@github.com/acme/shop.git"


@pytest.mark.parametrize("below", [".", "services/desk"])
def test_paths_and_lines_point_into_the_repository(tmp_path: Path, below: str) -> None:
    project = greeting_project(Project.create(tmp_path / "repository", below))
    project.git("remote", "add", "origin", ADDRESS)
    commit = project.git("rev-parse", "HEAD")
    project.edit("prompts/greet.yaml", "Greet", "Insult")
    prefix = "" if below == "." else f"{below}/"
    formats = plugins.built_in("reporters")

    project.llmops("eval", *(part for name in formats for part in ("--report", f"{name}=out/{name}")))

    cases, prompt = f"{prefix}evalsets/greet.yaml", f"{prefix}prompts/greet.yaml"
    (alert, *_) = json.loads(project.read("out/sarif"))["runs"][0]["results"]
    place = alert["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == (cases, 5)
    related = alert["relatedLocations"][0]["physicalLocation"]
    assert (related["artifactLocation"]["uri"], related["region"]["startLine"]) == (prompt, 5)
    case = ET.fromstring(project.read("out/junit")).find("./testsuite[@name='greet']/testcase")
    assert case is not None
    assert (case.get("file"), case.get("line")) == (cases, "5")
    row = next(csv.DictReader(io.StringIO(project.read("out/csv").removeprefix("\ufeff"))))
    assert (row["file"], row["line"]) == (cases, "5")
    assert f"::error file={cases},line=5,title=REGRESSED ada in greet::" in project.read("out/github")
    assert f"::error file={prompt},line=5,title=llmops%3A prompt greet::" in project.read("out/github")
    (control,) = json.loads(project.read("out/sarif"))["runs"][0]["versionControlProvenance"]
    assert (control["repositoryUri"], control["revisionId"]) == ("https://github.com/acme/shop", commit)
    for name in formats:
        text = project.read(f"out/{name}")
        assert str(tmp_path) not in text, name
        assert "ghs_secret" not in text, name


def test_outside_git_paths_are_the_projects_own(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "home", git=False)
    project.llmops("init")
    project.edit("prompts/triage.system.j2", ", torn or too small", " or torn")

    project.llmops("eval", "--report", "sarif=x.sarif", "--report", "github=x.txt")

    (run,) = json.loads(project.read("x.sarif"))["runs"]
    assert "versionControlProvenance" not in run
    assert (
        run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        == "evalsets/triage.yaml"
    )
    assert "file=evalsets/triage.yaml,line=27" in project.read("x.txt")
