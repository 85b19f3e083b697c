"""Pages of the documentation site whose text lies elsewhere, made as MkDocs reads them (hooks of mkdocs.yml).

The API reference has a page for each package, with every module that says something in public: it is made from the
tree, so that a module which moves takes its page along. CONTRIBUTING.md, CHANGELOG.md and SECURITY.md lie at the
repository's root, where people look for them; their links are written from there and are turned here.
"""

from __future__ import annotations

import ast
import pathlib
import re

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "flan_jax"
ROOT_PAGES = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md", "security.md": "SECURITY.md"}
NOT_REFERENCE = {"assets", "tasks"}  # weights, and some hundred files of data sets: docs/tasks.md is their page


def packages() -> dict[str, list[pathlib.Path]]:
    """Modules of each package that belongs into the reference; "flan_jax" has those that lie in no package."""
    found: dict[str, list[pathlib.Path]] = {}
    for path in sorted(PACKAGE.glob("*.py")):
        found.setdefault("flan_jax", []).append(path)
    for folder in sorted(path for path in PACKAGE.iterdir() if path.is_dir() and path.name not in NOT_REFERENCE):
        modules = sorted(folder.rglob("*.py"))
        if modules:
            found[folder.name] = modules
    return found


def public_names(path: pathlib.Path) -> list[str]:
    """Documented public functions and classes that a module defines; what it only imports has its section elsewhere."""
    nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    return [node.name for node in nodes if not node.name.startswith("_") and ast.get_docstring(node)]


def dotted(path: pathlib.Path) -> str:
    """`flan_jax.data.plan` of `flan_jax/data/plan.py`; a package's name of its `__init__.py`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def title_of(name: str) -> str:
    """A package's dotted name."""
    return name if name == "flan_jax" else f"flan_jax.{name}"


def introduction(name: str) -> str:
    """What a package's `__init__` says it is for."""
    folder = PACKAGE if name == "flan_jax" else PACKAGE / name
    init = folder / "__init__.py"
    return (ast.get_docstring(ast.parse(init.read_text())) or "") if init.exists() else ""


def reference_page(name: str, modules: list[pathlib.Path]) -> str:
    """The page of a package: what it is for, then a section a module."""
    lines = [f"# {title_of(name)}", "", introduction(name), ""]
    for path in modules:
        names = public_names(path)
        if path.stem != "__main__" and names:
            heading = dotted(path).removeprefix("flan_jax.")
            lines += [f"## {heading}", "", f"::: {dotted(path)}", f"    options: {{members: [{', '.join(names)}]}}", ""]
    return "\n".join(lines)


def root_page(name: str) -> str:
    """A file of the repository's root, its links turned to be seen from `docs/`."""
    text = re.sub(r"\]\(docs/", "](", (ROOT / name).read_text())
    for page, source in ROOT_PAGES.items():
        text = text.replace(f"]({source})", f"]({page})")
    return text


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Appends the reference to the navigation."""
    names = sorted(packages(), key=lambda name: (name != "flan_jax", name))
    pages = [{title_of(name): f"reference/{name}.md"} for name in names]
    config.nav = [*(config.nav or []), {"Reference": ["reference/index.md", *pages]}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that are made here."""
    for page, source in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=root_page(source)))
    index = ["# Reference", "", "Every public function and class by package, as their docstrings say it.", ""]
    for name, modules in packages().items():
        files.append(File.generated(config, f"reference/{name}.md", content=reference_page(name, modules)))
        summary = " ".join(introduction(name).split("\n\n")[0].split())
        index.append(f"- [{title_of(name)}]({name}.md): {summary}".rstrip(": "))
    files.append(File.generated(config, "reference/index.md", content="\n".join(index) + "\n"))
    return files


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Makes links of the pages that docstrings name as `docs/feed.md`."""
    if not page.file.src_uri.startswith("reference/"):
        return html

    def link(match: re.Match[str]) -> str:
        is_page = files.get_file_from_path(f"{match[1]}.md") is not None
        return f'<a href="../{match[1]}.html">{match[0]}</a>' if is_page else match[0]

    return re.sub(r"\bdocs/([\w/]+)\.md\b", link, html)
