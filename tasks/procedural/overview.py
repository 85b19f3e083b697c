"""The table of families in docs/tasks.md; `python -m flan_jax.tasks.procedural.overview docs/tasks.md` writes it."""

import itertools
import pathlib
import sys

from flan_jax.declare.registry import get_mixture, mixture_members
from flan_jax.tasks.procedural.family import all_families

BEGIN = "<!-- families: written by flan_jax.tasks.procedural.overview -->"
END = "<!-- end of families -->"


def families_table() -> str:
    """A Markdown table, one line a family, training clusters first."""
    judges = {
        name: {task.dataset for task in mixture_members(get_mixture(f"procedural_{name}"))}
        for name in ("selection", "report")
    }
    lines = [
        "| cluster | family | held out as | judged in | templates | rationale | chance |",
        "|---|---|---|---|---|---|---|",
    ]
    families = sorted(all_families(), key=lambda family: (bool(family.kind), family.kind, family.cluster, family.name))
    for cluster, members in itertools.groupby(families, key=lambda family: family.cluster):
        for family in members:
            judged = [name for name, datasets in judges.items() if family.name in datasets]
            kind = family.kind or ("new template" if judged else "")
            rationale = "yes" if family.cot_templates else ""
            lines.append(
                f"| {cluster} | {family.name} | {kind} | {', '.join(judged)} | {len(family.templates)} | {rationale} "
                f"| {family.chance:.2f} |"
            )
    trained = [family for family in families if not family.kind]
    held_out = [family for family in families if family.kind]
    lines += [
        "",
        f"{len(trained)} families in {len({f.cluster for f in trained})} clusters are trained on, "
        f"{sum(bool(f.cot_templates) for f in trained)} of them with rationales; {len(held_out)} families in "
        f"{len({f.cluster for f in held_out})} clusters never are.",
    ]
    return "\n".join(lines)


def with_table(page: str) -> str:
    """`page` with the part between the two marks replaced."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n{families_table()}\n{END}{tail}"


def main(argv: list[str]) -> int:
    """Writes the table into the page given."""
    import flan_jax.tasks.procedural  # noqa: F401

    path = pathlib.Path(argv[0])
    path.write_text(with_table(path.read_text()))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
