"""Templates are checked when they are made; rendering is a pure function of row, random state and pool."""

import random

import pytest

from flan_jax.core.errors import TaskError
from flan_jax.declare.templates import EXEMPLAR_STYLES, OPTION_STYLES, Template, TemplateRenderer
from flan_jax.tasks.procedural.family import Family

ROWS = [{"a": f"in{i}", "answer": f"out{i}", "options": (f"out{i}", "other")} for i in range(9)]
TEMPLATES = (Template("one {a}"), Template("two {a}\n{options}"), Template("{a}", instruction="Say three.\n"))


@pytest.mark.parametrize(
    ("inputs", "targets", "instruction", "problem"),
    [
        ("say {a", "{answer}", "", "malformed"),
        ("say {a}}", "{answer}", "", "malformed"),
        ("say {}", "{answer}", "", "plain field names"),
        ("say {a.b}", "{answer}", "", "plain field names"),
        ("say {a:>3}", "{answer}", "", "plain field names"),
        ("say {a!r}", "{answer}", "", "plain field names"),
        ("say it", "{answer}", "", "uses no field"),
        ("say {a}", "yes", "", "uses no field"),
        ("say {a}", "{options}", "", "only `inputs` may"),
        ("say {a} ", "{answer}", "", "starts or ends with a space"),
        ("say {a}", "{answer}", "Now {a}\n", "said once"),
    ],
)
def test_malformed_template_is_refused(inputs, targets, instruction, problem):
    with pytest.raises(TaskError, match=problem):
        Template(inputs, targets, instruction)


def test_unknown_field_is_refused_with_the_nearest_name():
    with pytest.raises(TaskError, match=r"'wrods'; rows have answer, words; did you mean words\?"):
        Template("reverse {wrods}").check(("words", "answer"))


def test_family_refuses_what_it_cannot_render():
    good = {
        "name": "f", "cluster": "c", "generate": lambda rng: {}, "fields": ("a", "answer", "rationale"),
        "templates": tuple(Template(f"{i} {{a}}") for i in range(6)),
    }  # fmt: skip
    Family(**good)
    for change, problem in (
        ({"templates": good["templates"][:5]}, "5 templates; the least is 6"),
        ({"templates": (*good["templates"], Template("{b}"))}, "unknown field 'b'"),
        ({"templates": (*good["templates"], good["templates"][0])}, "twice"),
        ({"cot_templates": (Template("{a}"),)}, "must have {rationale} and {answer}"),
        ({"num_new_templates": 6}, "leave some"),
    ):
        with pytest.raises(TaskError, match=problem):
            Family(**(good | change))


def test_renderer_refuses_what_it_cannot_use():
    for arguments, problem in (
        ({"templates": ()}, "at least one template"),
        ({"templates": TEMPLATES, "template_ids": ()}, "template_ids is empty"),
        ({"templates": TEMPLATES, "template_ids": (3,)}, r"template id 3 is not in \[0, 3\)"),
        ({"templates": TEMPLATES, "num_exemplars": -1}, "limit is 0"),
    ):
        with pytest.raises(TaskError, match=problem):
            TemplateRenderer(**arguments)
    with pytest.raises(TaskError, match="the pool of 1 row has 1 that ask something else"):
        TemplateRenderer(TEMPLATES, num_exemplars=2)(ROWS[0], random.Random(0), ROWS[1:2])


def test_zero_shot_text():
    render = TemplateRenderer(TEMPLATES, (0,))
    rendered = render(ROWS[3], random.Random(0), ())
    assert (rendered.inputs(), rendered.targets, rendered.options) == ("one in3", "out3", ("out3", "other"))


def test_template_ids_keep_the_others_unused():
    render = TemplateRenderer(TEMPLATES, (0, 2))
    seen = {render(ROWS[0], random.Random(i), ()).inputs() for i in range(50)}
    assert seen == {"one in0", "Say three.\nin0"}


def test_options_are_shown_whole_in_every_style_and_in_both_orders():
    render = TemplateRenderer(TEMPLATES, (1,))
    blocks = {render(ROWS[0], random.Random(i), ()).inputs().removeprefix("two in0\n") for i in range(200)}
    orders = (("out0", "other"), ("other", "out0"))
    assert blocks == {style.block(order) for style in OPTION_STYLES for order in orders}


def test_few_shot_puts_the_instruction_once_and_exemplars_in_the_querys_wording():
    render = TemplateRenderer(TEMPLATES, (2,), num_exemplars=2)
    styles = set()
    for i in range(100):
        rendered = render(ROWS[0], random.Random(i), ROWS[1:])
        assert rendered.preamble == "Say three.\n"
        assert rendered.inputs().count("Say three.") == 1
        assert len(set(rendered.exemplars)) == 2
        assert rendered.inputs(0) == rendered.preamble + rendered.query
        matches = [s for s in EXEMPLAR_STYLES if rendered.query == s.query.format(inputs="in0")]
        assert matches
        for exemplar in rendered.exemplars:
            row = next(row for row in ROWS[1:] if row["a"] in exemplar)
            assert exemplar == matches[0].exemplar.format(inputs=row["a"], targets=row["answer"])
        styles.add(matches[0])
    assert styles == set(EXEMPLAR_STYLES)


def test_chain_of_thought_has_nothing_to_rank():
    render = TemplateRenderer((Template("{a}", "{why} So the answer is {answer}"),))
    rendered = render(ROWS[0] | {"why": "Because."}, random.Random(0), ())
    assert rendered.targets == "Because. So the answer is out0" and rendered.options == ()


def test_references_add_to_the_target():
    render = TemplateRenderer(TEMPLATES, (0,))
    assert render(ROWS[0] | {"references": ("also",)}, random.Random(0), ()).references == ("out0", "also")
