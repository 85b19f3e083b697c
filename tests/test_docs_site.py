"""The documentation site: it builds strictly, every page is reachable, and nothing is fetched from elsewhere."""

import importlib.util
import os
import re
import subprocess
import sys

import pytest
import yaml
from shared import ROOT

HAS_MKDOCS = all(importlib.util.find_spec(name) for name in ("mkdocs", "material", "mkdocstrings_handlers"))
MADE = {"contributing.md", "changelog.md", "security.md"}  # by docs/site_pages.py, from the repository's root
# What a browser fetches by itself; a canonical link and what a reader clicks on are not among it.
FETCHED = re.compile(
    r"""<(?:script|img|iframe|source)[^>]*\bsrc="(?:https?:)?//|<link(?![^>]*canonical)[^>]*\bhref="(?:https?:)?//"""
)


def pages_of(nav) -> list[str]:
    """Pages that a navigation names, depth first."""
    if isinstance(nav, str):
        return [nav]
    entries = nav.values() if isinstance(nav, dict) else nav
    return [page for entry in entries for page in pages_of(entry)]


def test_the_navigation_names_every_page_once():
    named = pages_of(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    written = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert len(named) == len(set(named))
    assert set(named) == written | MADE, "every page of docs/ has a place in mkdocs.yml's nav"


def test_every_decision_is_in_the_list_of_decisions():
    folder = ROOT / "docs" / "decisions"
    listed = set(re.findall(r"\]\((\w+\.md)\)", (folder / "index.md").read_text()))
    assert listed == {path.name for path in folder.glob("*.md")} - {"index.md"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site, built as `make docs` builds it."""
    if not HAS_MKDOCS:
        pytest.skip("MkDocs is not installed: pip install 'flan_jax[docs]' (`make test` does)")
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.mark.slow
def test_the_reference_has_functions_with_their_arguments(site):
    page = (site / "reference" / "decode.html").read_text()
    assert 'id="flan_jax.decode.generate.generate"' in page
    assert "int32 prompts, from the left, ragged" in page
    pages = {path.stem for path in (site / "reference").glob("*.html")}
    packages = {path.parent.name for path in (ROOT / "flan_jax").glob("*/__init__.py")}
    assert packages - {"tasks"} <= pages


@pytest.mark.slow
def test_nothing_is_fetched_from_elsewhere(site):
    for path in site.rglob("*.html"):
        found = FETCHED.search(path.read_text())
        assert not found, f"{path.name}: {found[0]}"
