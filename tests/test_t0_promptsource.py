"""PromptSource's files and templates: read, rendered, refused; nothing a template does reaches further than its row."""

import copy
import random

import pytest

from flan_jax.core.errors import TaskError
from flan_jax.declare.task import Task
from flan_jax.sources import MemorySource
from flan_jax.tasks.promptsource.templates import PromptSourceRenderer, PromptTemplate, p3_name, read_promptsource

FILE = """\
dataset: made_here
subset: small
templates:
  0c1d: !Template
    answer_choices: No ||| Yes
    id: 0c1d
    jinja: "Is it so? {{text}}\\n|||\\n{{ answer_choices[label] }}"
    metadata: !TemplateMetadata
      choices_in_prompt: false
      languages:
      - en
      metrics:
      - Accuracy
      original_task: true
    name: Is it so?
    reference: made for this test
  1e2f: !Template
    answer_choices: null
    id: 1e2f
    jinja: 'Shorten this: {{text}} ||| {{text[:3]}}'
    metadata: !TemplateMetadata {}
    name: shorten
    reference: ''
"""


def template(jinja, choices=None):
    return PromptTemplate("t", jinja, choices, "made.yaml:1")


def render(jinja, row, choices=None, seed=0):
    return PromptSourceRenderer(template(jinja, choices))(row, random.Random(seed), ())


def write(tmp_path, text):
    path = tmp_path / "templates.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_file_is_read_with_all_it_says(tmp_path):
    file = read_promptsource(write(tmp_path, FILE))
    assert (file.dataset, file.subset) == ("made_here", "small")
    first, second = file.templates
    assert (first.name, first.answer_choices) == ("Is it so?", "No ||| Yes")
    assert (first.choices_in_prompt, first.original_task) == (False, True)
    assert (first.metrics, first.languages) == (("Accuracy",), ("en",))
    assert first.where.endswith("templates.yaml:4")
    assert first.fields == {"text", "label"}
    assert first.fixed_choices() == ("No", "Yes")
    assert (second.answer_choices, second.original_task, second.metrics) == (None, None, ())
    assert second.where.endswith(":17")


def test_prompt_target_and_options():
    example = render("Is it so? {{text}}\n|||\n{{answer_choices[label]}} ", {"text": "Rain.", "label": 1}, "No ||| Yes")
    assert (example.query, example.targets) == ("Is it so? Rain.", "Yes")
    assert example.options == ("No", "Yes")


def test_options_may_come_from_the_row():
    row = {"ends": ["left", "right"], "gold": "right"}
    example = render("Which? ||| {{gold}}", row, '{{ends | join("|||")}}')
    assert example.options == ("left", "right")
    # A target that is none of the options is nothing to rank.
    assert render("Which? ||| {{gold}}!", row, '{{ends | join("|||")}}').options == ()


def test_a_separator_in_the_row_is_text():
    row = {"text": "a ||| b", "more": {"parts": ["c|||d"]}}
    example = render("{{text}} {{more.parts[0]}} ||| {{text}}", row, "{{text}} ||| z")
    assert (example.query, example.targets) == ("a ||| b c|||d", "a ||| b")
    assert example.options == ("a ||| b", "z")


def test_a_template_may_be_for_some_rows_only():
    jinja = "{% if kind == 'a' %}Say a ||| a{% endif %}"
    assert render(jinja, {"kind": "a"}).targets == "a"
    assert render(jinja, {"kind": "b"}).targets == ""  # the cache leaves it out, and counts it


def test_further_parts_are_references():
    example = render("Name one ||| {{names | join('|||')}}", {"names": ["x", "y", "x"]})
    assert (example.targets, example.references) == ("x", ("x", "y"))


def test_choices_are_the_rows_own():
    jinja = "{{ ['p', 'q', 'r', 's'] | choice }}{{ ['p', 'q', 'r', 's'] | random }} ||| t"
    random.seed(1)
    state = random.getstate()
    assert len({render(jinja, {}, seed=seed).query for seed in range(40)}) > 8
    assert render(jinja, {}, seed=5) == render(jinja, {}, seed=5)
    assert random.getstate() == state


def test_promptsources_own_filters_and_functions():
    row = {"votes": ["b", "a", "b", "a", "c"], "names": ["x", "y"]}
    assert render("{{votes | most_frequent | join(',')}} ||| t", row).query == "b,a"
    assert render("{% for i, n in enumerate(names) %}{{i}}{{n}}{% endfor %} ||| t", row).query == "0x1y"
    assert render("{% for v, n in zip(votes, names) %}{{v}}{{n}}{% endfor %} ||| t", row).query == "bxay"


def test_what_a_field_lacks_is_empty_but_a_missing_field_is_an_error():
    assert render("q {{answers.text[0]}} ||| {{answers.text[0]}}", {"answers": {"text": []}}).targets == ""
    with pytest.raises(
        TaskError, match=r"made.yaml:1: template 't' reads unknown field 'txt'; rows have text; did you mean text"
    ):
        render("q ||| {{txt}}", {"text": "x"})


@pytest.mark.parametrize(
    "jinja",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }} ||| t",
        "{{ text.__class__ }} ||| t",
        "{{ text|attr('__class__') }} ||| t",
        "{{ enumerate.__mro__ }} ||| t",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }} ||| t",
        "{{ '{0.__class__}'.format(text) }} ||| t",
        "{{ parts.append('z') }} ||| t",
        "{{ row.update({'a': 1}) }} ||| t",
        "{{ 'a' * 100000000 }} ||| t",
        "{{ 9 ** (9 ** 9) }} ||| t",
        "{% for i in range(10000000) %}{% endfor %} ||| t",
    ],
)
def test_the_sandbox_stops_what_reaches_further(jinja):
    row = {"text": "x", "parts": ["y"], "row": {"a": 0}}
    before = copy.deepcopy(row)
    with pytest.raises(TaskError, match=r"made.yaml:1: Jinja"):
        render(jinja, row)
    assert row == before


@pytest.mark.parametrize("statement", ["include", "import", "extends"])
def test_other_files_are_out_of_reach(statement):
    tail = " as x" if statement == "import" else ""
    with pytest.raises(TaskError, match=r"made.yaml:1: Jinja, sandbox: \w+ reads another file"):
        template(f"{{% {statement} '/etc/passwd'{tail} %}} ||| t").check(["text"])


@pytest.mark.parametrize(
    ("jinja", "message"),
    [
        ("{{ text ||| t", "line 1 of the template"),
        ("a\n{% if text %} ||| t", "line 2 of the template"),
        ("{{ text | shout }} ||| t", "no filter is called 'shout'"),
        ("{{ text }} t", r"has no \|\|\|"),
    ],
)
def test_templates_that_cannot_work_are_refused_unrendered(jinja, message):
    with pytest.raises(TaskError, match=f"made.yaml:1: .*{message}"):
        template(jinja).check(["text"])


def test_unknown_fields_and_reserved_ones_are_refused():
    with pytest.raises(TaskError, match="unknown field 'txet'; rows have label, text; did you mean text"):
        template("{{txet}} ||| {{label}}").check(["text", "label"])
    with pytest.raises(TaskError, match="rows have a field 'answer_choices'"):
        template("{{text}} ||| t").check(["text", "answer_choices"])
    with pytest.raises(TaskError, match="unknown field '_rng'"):
        template("{{_rng.random()}} ||| t").check(["text"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (FILE.replace("      - en\n", "     - en\n   x: [\n"), r"templates.yaml:1\d: not valid YAML"),
        (FILE.replace("    name: shorten\n", ""), r"templates.yaml:17: .*a !Template needs `name`"),
        (FILE.replace("name: shorten", "name: Is it so?"), r"templates.yaml:17: two templates are called 'Is it so\?'"),
        (FILE.replace("!Template\n", "!python/object/apply:os.system\n", 1), r"templates.yaml:4: not valid YAML"),
        ("a: 1\n", r"templates.yaml:1: no `dataset`"),
        ("dataset: a\ntemplates: [1]\n", r"templates.yaml:1: `templates` is not a mapping"),
        (FILE.encode().replace(b"Shorten", b"Sh\xffrten"), r"templates.yaml:20: byte 0xff at column 15 is not UTF-8"),
        (FILE.replace("Shorten", "Sh\x07rten"), r"templates.yaml:20: not valid YAML"),
    ],
)
def test_malformed_files_name_file_and_line(tmp_path, content, message):
    with pytest.raises(TaskError, match=message):
        read_promptsource(write(tmp_path, content))


def test_older_files_read_too(tmp_path):
    text = FILE.replace("answer_choices: No ||| Yes", "answer_choices: null\n    answer_choices_key: No ||| Yes")
    text = text.replace("original_task: true", "original_task: true\n      _do_train: true")
    assert read_promptsource(write(tmp_path, text)).templates[0].answer_choices == "No ||| Yes"


def test_names_are_p3s():
    assert p3_name("super_glue", "wsc.fixed", "Who or what is/are") == "super_glue_wsc.fixed_Who_or_what_is_are"
    assert p3_name("super_glue", "copa", "…As a result, C1 or C2?") == "super_glue_copa__As_a_result_C1_or_C2_"
    assert p3_name("ai2_arc", "ARC-Easy", "qa_options") == "ai2_arc_ARC_Easy_qa_options"


NESTED = "dataset: d\nextra:\n  - &a0 [x, x]\n" + "".join(
    f"  - &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (NESTED, r"templates.yaml:\d+: not valid YAML, aliases that stand for more than 100,000 nodes"),
        ("dataset: d\nextra: &a [x, *a]\n", r"templates.yaml:2: not valid YAML, an alias inside what it stands for"),
        ("dataset: d\nextra: " + "[" * 5000 + "]" * 5000, r"templates.yaml:1: not valid YAML, nested too deep"),
        ("", "no `dataset` with a name"),
    ],
)
def test_yaml_that_stands_for_more_than_a_file_is_refused(tmp_path, text, message):
    """The CPU time is the test: written out, the first is 3^40 texts."""
    (tmp_path / "templates.yaml").write_text(text)
    with pytest.raises(TaskError, match=message):
        read_promptsource(tmp_path / "templates.yaml")


def test_an_alias_is_what_it_stands_for(tmp_path):
    text = (
        "dataset: d\ntemplates:\n  a: !Template\n    name: n\n    jinja: '{{text}} ||| {{answer_choices[0]}}'\n"
        "    answer_choices: &c [yes, 'no']\n    metadata: !TemplateMetadata {metrics: *c}\n"
    )
    (tmp_path / "templates.yaml").write_text(text)
    (found,) = read_promptsource(tmp_path / "templates.yaml").templates
    assert found.answer_choices == "True ||| no" and found.metrics == (True, "no")


@pytest.mark.parametrize("index", ["label", "label | int", "label + 0", "labels[0]"])
def test_a_label_of_minus_one_is_no_label(index):
    jinja = "Is it? ||| {{answer_choices[%s]}}" % index  # noqa: UP031 - braces
    targets = [render(jinja, {"label": n, "labels": [n]}, "no ||| yes").targets for n in (0, 1, -1, 2)]
    assert targets == ["no", "yes", "", ""]


def test_an_index_that_is_written_counts_from_the_end():
    row = {"words": ["a", "b"], "n": 1, "names": {-1: "none", 0: "some"}, "label": -1}
    assert render("{{words[-1]}}{{words[-n]}}{{words[-1:]}}{{'xy'[-1]}} ||| t", row).query == "bb['b']y"
    assert render("{{names[label]}} {{ {-1: 'x'}[label] }} ||| t", row).query == "none x"


@pytest.mark.parametrize(
    ("jinja", "text"),
    [
        ("[{{note}}]", "[]"),
        ("[{{note | trim}}{{note | upper}}{{note ~ '!'}}]", "[!]"),
        ("{{words | join(', ')}}", "a, , b"),
        ("{{more.note}}{{note.inner}}{{note[0]}}.", "."),
        ("{% if note is none and note == None and note is defined and not note %}nothing{% endif %}", "nothing"),
        ("{% if more.note != none %}x{% else %}y{% endif %}", "y"),
        ("{{answer_choices}}.", "."),
    ],
)
def test_null_prints_as_nothing(jinja, text):
    row = {"note": None, "words": ["a", None, "b"], "more": {"note": None}}
    assert render(jinja + " ||| t", row).query == text


@pytest.mark.parametrize(("value", "fault"), [(float("nan"), "nan is no text"), (b"\xff", "is no text")])
def test_what_has_no_text_is_an_error_with_the_row(value, fault):
    source = MemorySource({"train": [{"q": b"caf\xc3\xa9"}, {"q": value}]})
    task = Task("mine", "mine", source, PromptSourceRenderer(template("{{q}} ||| t")), eval_split=None)
    assert next(task.rendered("train"))[1].query == "café"
    with pytest.raises(TaskError, match=rf"^task mine, split train, row 1: made.yaml:1: Jinja: .*{fault}"):
        list(task.rendered("train"))
