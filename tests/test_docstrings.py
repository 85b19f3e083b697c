"""Docstrings name what a function takes: read from the source, nothing is imported."""

import ast
import re

from shared import ROOT

MOST_UNNAMED = 3  # so many parameters may be understood from their names


def public_functions():
    """(place, parameters, docstring) of every public function, method and constructor of flan_jax.

    A constructor's docstring is its class's, with its own if it has one. An overload has no body, and
    nested functions are nobody's to call.
    """
    for path in sorted((ROOT / "flan_jax").rglob("*.py")):
        place = path.relative_to(ROOT)
        if place.parts[1] == "tasks":
            continue
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                yield f"{place}:{node.lineno} {node.name}", node, ast.get_docstring(node) or ""
            elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                said = ast.get_docstring(node) or ""
                for method in node.body:
                    if isinstance(method, ast.FunctionDef):
                        own = ast.get_docstring(method) or ""
                        is_constructor = method.name == "__init__"
                        name = node.name if is_constructor else f"{node.name}.{method.name}"
                        yield f"{place}:{method.lineno} {name}", method, f"{said}\n{own}" if is_constructor else own


def parameters(function):
    """Names of a function's parameters, without the instance and *args."""
    arguments = function.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return [name for name in names if name not in ("self", "cls")]


def test_a_function_of_four_parameters_names_them_in_its_docstring():
    unnamed = {}
    for place, function, said in public_functions():
        is_public = function.name == "__init__" or not function.name.startswith("_")
        names = parameters(function)
        is_overload = any(isinstance(node, ast.Name) and node.id == "overload" for node in function.decorator_list)
        if not is_public or is_overload or len(names) <= MOST_UNNAMED:
            continue
        missing = [name for name in names if not re.search(rf"\b{name}\b", said)]
        if missing:
            unnamed[place] = missing
    lines = "\n".join(f"{place}: {', '.join(missing)}" for place, missing in unnamed.items())
    assert not unnamed, f"{len(unnamed)} functions do not say what they take:\n{lines}"


def test_every_module_says_its_subject():
    silent = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "flan_jax").rglob("*.py"))
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert not silent, silent
