"""Modules and files of the package that documentation and docstrings name are there."""

import ast
import importlib.util
import re

from shared import ROOT

PACKAGE = ROOT / "flan_jax"
NOT_INSTALLED = {"lm_eval"}  # other programs that docstrings name and tests do without
_DOTTED = re.compile(r"(?<![\w./-])flan_jax(?:\.[A-Za-z_]\w*)+")
# `workflows.config.RunConfig`: a class by a path that leaves out the package's name.
_CLASS = re.compile(r"`([a-z_]+(?:\.[a-z_]+)+\.[A-Z]\w*)`")
_FILE = re.compile(
    r"(?<![\w./<>-])(?:flan_jax|{})/[\w/]+\.py\b".format("|".join(p.name for p in PACKAGE.glob("[a-z]*/")))
)


def texts() -> dict[str, str]:
    """What is read: pages by their paths, docstrings by their files'."""
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    found = {str(page.relative_to(ROOT)): page.read_text() for page in pages}
    for path in sorted(PACKAGE.rglob("*.py")):
        nodes = ast.walk(ast.parse(path.read_text()))
        kinds = ast.Module | ast.ClassDef | ast.FunctionDef
        found[str(path.relative_to(ROOT))] = "\n".join(
            ast.get_docstring(n) or "" for n in nodes if isinstance(n, kinds)
        )
    return found


def is_of_others(package: str) -> bool:
    """Whether a package of that name is another program's."""
    return package in NOT_INSTALLED or importlib.util.find_spec(package) is not None


def is_there(dotted: str) -> bool:
    """Whether a module has that name, or one says a word that its name ends in."""
    place = ROOT
    for part in dotted.split("."):
        source = place.with_suffix(".py") if place.with_suffix(".py").is_file() else place / "__init__.py"
        if (place / part).is_dir() or (place / f"{part}.py").is_file():
            place /= part
        else:
            return source.is_file() and re.search(rf"\b{part}\b", source.read_text()) is not None
    return True


def missing(text: str) -> list[str]:
    """What `text` names that is not there."""
    classes = [name for name in _CLASS.findall(text) if not is_of_others(name.partition(".")[0])]
    dotted = {*_DOTTED.findall(text), *(f"flan_jax.{name}" for name in classes)}
    files = [name for name in _FILE.findall(text) if not any((root / name).is_file() for root in (ROOT, PACKAGE))]
    return sorted([*(name for name in dotted if not is_there(name)), *files])


def test_what_documentation_names_is_there():
    assert {name: found for name, text in texts().items() if (found := missing(text))} == {}


def test_what_is_not_there_is_found():
    text = (
        "`jobs.config.RunConfig`, flan_jax.evaluate.nothing, flan_jax.core.errors.ConfigError, `workflows/held_out.py`"
    )
    assert missing(text) == ["flan_jax.evaluate.nothing", "flan_jax.jobs.config.RunConfig", "workflows/held_out.py"]
    assert missing("`workflows.config.RunConfig` in flan_jax/workflows/config.py") == []
