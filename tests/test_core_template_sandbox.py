# ruff: noqa: E501 - a template on one line is the case
"""Templates that others wrote end within a second and a few MB, and ordinary ones render as Jinja renders them."""

import json
import resource
import subprocess
import sys
import time

import jinja2
import jinja2.sandbox
import pytest
from jinja2.exceptions import SecurityError

from flan_jax.core import template_costs, template_sandbox
from flan_jax.core.template_costs import METHOD_COSTS, operator_cost, size_of
from flan_jax.core.template_sandbox import MAX_TEMPLATE_CHARACTERS, MAX_WORK, TEMPLATE_FAULTS, LimitedSandbox

FIELDS = {
    "text": "Some words,  and <b>more</b> of\nthem.\n",
    "words": ["b", "a", "c", "a"],
    "row": {"role": "user", "n": 3, "scores": [0.5, 2]},
    "rows": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho & hum"}],
    "n": 7,
    "none": None,
}
TEN = "{% set x = 'aaaaaaaaaa' %}"
MILLION = "{% set x = 'a' * 1000000 %}"
DOUBLED = "{% set ns = namespace(a=['b', 'b']) %}{% for i in range(60) %}{% set ns.a = [ns.a, ns.a] %}{% endfor %}"
TUPLES = "{% set ns = namespace(a=('b', 'b')) %}{% for i in range(60) %}{% set ns.a = (ns.a, ns.a) %}{% endfor %}"
DIGITS = "{% set ns = namespace(a=3) %}{% for i in range(60) %}{% set ns.a = ns.a * ns.a %}{% endfor %}"
GROWN = "{% set ns = namespace(a='b') %}{% for i in range(60) %}{% set ns.a = EXPRESSION %}{% endfor %}{{ ns.a }}"

BOMBS = {
    # Text that doubles.
    "concat doubles": GROWN.replace("EXPRESSION", "ns.a ~ ns.a"),
    "plus doubles": GROWN.replace("EXPRESSION", "ns.a + ns.a"),
    "times doubles": GROWN.replace("EXPRESSION", "ns.a * 2"),
    "percent doubles": GROWN.replace("EXPRESSION", "'%s%s' % (ns.a, ns.a)"),
    "format doubles": GROWN.replace("EXPRESSION", "'{0}{0}'.format(ns.a)"),
    "format_map doubles": GROWN.replace("EXPRESSION", "'{b}{b}'.format_map({'b': ns.a})"),
    "format filter doubles": GROWN.replace("EXPRESSION", "'%s%s' | format(ns.a, ns.a)"),
    "join filter doubles": GROWN.replace("EXPRESSION", "[ns.a, ns.a] | join"),
    "join method doubles": GROWN.replace("EXPRESSION", "''.join([ns.a, ns.a])"),
    "join of itself": GROWN.replace("EXPRESSION", "(ns.a ~ 'b') | join(ns.a)"),
    "replace filter doubles": GROWN.replace("EXPRESSION", "ns.a | replace('b', 'bb')"),
    "replace method doubles": GROWN.replace("EXPRESSION", "ns.a.replace('b', 'bb')"),
    "replace of nothing": GROWN.replace("EXPRESSION", "ns.a.replace('', 'bbbb')"),
    "escape grows": GROWN.replace("EXPRESSION", "ns.a | replace('b', '<<') | forceescape | replace('l', 'b')"),
    "urlencode grows": GROWN.replace("EXPRESSION", "(ns.a ~ '2') | replace('2', '%%') | urlencode"),
    "tojson grows": GROWN.replace("EXPRESSION", "(ns.a ~ '<\"') | tojson"),
    "indent by itself": GROWN.replace("EXPRESSION", "(ns.a ~ '\\n\\n') | indent(ns.a, true, true)"),
    "wordwrap by itself": GROWN.replace("EXPRESSION", "(ns.a ~ ns.a) | wordwrap(1, wrapstring=ns.a)"),
    "expandtabs": GROWN.replace("EXPRESSION", "ns.a.replace('b', '\\t').expandtabs(4).replace(' ', 'b')"),
    "markup doubles": "{% set ns = namespace(a='&'|safe) %}{% for i in range(60) %}{% set ns.a = ns.a + ns.a %}{% endfor %}",
    "set block doubles": TEN
    + "{% macro m(a, n) %}{% set b %}{{ a }}{{ a }}{% endset %}{% if n %}{{ m(b, n - 1) }}{% endif %}{% endmacro %}{{ m(x, 60) }}",
    # Text that is large at once.
    "center": "{{ 'a' | center(10000000000) }}",
    "center in a constant": "a {{ 'x' | center(99999999999) }} b",
    "center method": "{{ 'a'.center(10000000000) }}",
    "ljust": "{{ 'a'.ljust(10000000000) }}",
    "rjust": "{{ 'a'.rjust(10000000000) }}",
    "zfill": "{{ 'a'.zfill(10000000000) }}",
    "expandtabs at once": "{{ '\\t'.expandtabs(10000000000) }}",
    "indent at once": "{{ 'a\\nb' | indent(10000000000) }}",
    "percent width": "{{ '%10000000000d' % 1 }}",
    "percent star": "{{ '%*d' % (10000000000, 1) }}",
    "percent precision": "{{ '%.1000000000f' % 1 }}",
    "format width": "{{ '{:>10000000000}'.format(1) }}",
    "format nested width": "{{ '{:>{}}'.format(1, 10000000000) }}",
    "format precision": "{{ '{:.1000000000f}'.format(1) }}",
    "format attr": "{{ ('{:>10000000000}' | attr('format'))(1) }}",
    "format filter width": "{{ '%10000000000s' | format('a') }}",
    "multiplied list": "{{ ([1] * 10000000000) | length }}",
    "tojson indent": "{{ [1, [2, 3]] | tojson(indent=10000000000) }}",
    "batch": "{{ [1] | batch(10000000000, 0) | list }}",
    "slice": "{{ [1] | slice(10000000000) | list }}",
    "million squared": MILLION + "{{ x.replace('a', x) }}",
    "million joined": MILLION + "{{ x | join(x) }}",
    "million in itself": MILLION + "{{ ('%s' * 100000) % ((x,) * 100000) }}",
    # Numbers.
    "power": "{{ 9 ** (9 ** 9) }}",
    "squares": DIGITS + "{{ ns.a }}",
    "round": "{{ 1.5 | round(100000000, 'ceil') }}",
    "round down": "{{ 1.5 | round(-100000000, 'floor') }}",
    "hexadecimal": MILLION + "{% set y = (x * 9) | int(0, 16) %}{{ (y // 3) | length }}{{ y * y }}",
    # Containers that hold each other.
    "nested printed": DOUBLED + "{{ ns.a }}",
    "nested as text": DOUBLED + "{{ ns.a | string | length }}",
    "nested concat": DOUBLED + "{{ 'a' ~ ns.a }}",
    "nested as JSON": DOUBLED + "{{ ns.a | tojson }}",
    "nested compared": DOUBLED + DOUBLED.replace("ns", "other") + "{{ ns.a == other.a }}",
    "nested in": DOUBLED + DOUBLED.replace("ns", "other") + "{{ ns.a in [other.a] }}",
    "nested test": DOUBLED + DOUBLED.replace("ns", "other") + "{{ ns.a is eq(other.a) }}",
    "nested index": DOUBLED + DOUBLED.replace("ns", "other") + "{{ [other.a].index(ns.a) }}",
    "nested key": TUPLES + "{{ {ns.a: 1} | length }}",
    "nested looked up": TUPLES + "{{ row[ns.a] }}",
    "nested get": TUPLES + "{{ row.get(ns.a) }}",
    "nested unique": TUPLES + "{{ [ns.a] | unique | list | length }}",
    "nested changed": "{% for i in range(2) %}" + DOUBLED + "{{ loop.changed(ns.a) }}{% endfor %}",
    "nested percent": DOUBLED + "{{ '%s' % [ns.a] }}",
    "nested format": DOUBLED + "{{ '{}'.format(ns.a) }}",
    # Steps.
    "nested loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "nested loops that print": "{% for a in range(9999) %}{% for b in range(99999) %}b{% endfor %}{% endfor %}",
    "loops in a macro": "{% macro m() %}{% for a in range(99999) %}{{ row }}{% endfor %}{% endmacro %}"
    "{% for a in range(99999) %}{{ m() }}{% endfor %}",
    "big body": "{% for a in range(99999) %}" + "{% if a %}{% endif %}" * 3000 + "{% endfor %}",
    "macro tree": "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(60) }}",
    "macro for ever": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "call tree": "{% macro m(n) %}{% if n %}{% call m(n - 1) %}{% endcall %}{{ caller() if caller is defined }}{{ m(n - 1) }}{% endif %}{% endmacro %}"
    "{% call m(60) %}x{% endcall %}",
    "block tree": "{% block a %}{% if n %}{{ self.a() }}{{ self.a() }}{% endif %}{% endblock %}",
    "recursive loop": "{% for a in [1, 2] recursive %}{% if loop.depth < 60 %}{{ loop([1, 2]) }}{% endif %}{% endfor %}",
    "wide recursive loop": "{% for a in [1] recursive %}{% if loop.depth < 4 %}{{ loop(range(99999)) }}{% endif %}{% endfor %}",
    "zip": "{% for a in range(99999) %}{% for b, c in zip(range(99999), range(99999)) %}{% endfor %}{% endfor %}",
    "map of loops": "{% for a in range(99999) %}{{ range(99999) | map('string') | list | length }}{% endfor %}",
    "sum of lists": "{{ ([[1]] * 1000000) | sum(start=[]) | length }}",
    "comments": "{{ ('<!---->' * 150000) | striptags }}",
    "slices": MILLION + "{% for i in range(99999) %}{% set y = x[1:] %}{% endfor %}",
    "searches": MILLION + "{% for i in range(99999) %}{% set y = 'b' in x %}{% endfor %}",
    "comparisons": MILLION
    + "{% set y = 'a' * 1000000 %}{% for i in range(99999) %}{% if x == y %}{% endif %}{% endfor %}",
    "finds": MILLION + "{% for i in range(99999) %}{% set y = x.find('b') %}{% endfor %}",
    "strip": MILLION + "{{ x.strip('b' * 1000000 ~ 'a') }}",
    "trim": MILLION + "{{ x | trim('b' * 1000000 ~ 'a') }}",
    "long word": "{{ ('a' * 400000) | wordwrap(1) }}",
    "dictionaries": "{% for a in range(99999) %}{% set y = dict(zip(range(99999), range(99999))) %}{% endfor %}",
    "namespaces": "{% for a in range(99999) %}{% set y = namespace(zip(words, words), **dict(a=range(9999)|list)) %}{% endfor %}",
    "list count": MILLION + "{% set y = 'a' * 999999 ~ 'a' %}{{ ([y] * 1000000).count(x) }}",
    "list index": MILLION + "{% set y = 'a' * 999999 ~ 'b' %}{{ ([y] * 1000000).index(x) }}",
    "wide zip": "{% for a in range(99999) %}{% for b in zip(*([range(9999)] * 9999)) %}{% endfor %}{% endfor %}",
    "splits": "{% set x = 'a ' * 3000000 %}{{ x.split() | length }}",
    "characters": "{% set x = 'a' * 3000000 %}{{ x | list | length }}",
    # Templates that are large or deep themselves.
    "deep parentheses": "{{ " + "(" * 20000 + "1" + ")" * 20000 + " }}",
    "deep lists": "{{ " + "[" * 5000 + "]" * 5000 + " }}",
    "deep sum": "{{ " + "n+" * 20000 + "1 }}",
    "deep loops": "{% for a in words %}" * 200 + "{% endfor %}" * 200,
    "deep ifs": "{% if n %}" * 2000 + "{% endif %}" * 2000,
    "long": "a" * (MAX_TEMPLATE_CHARACTERS + 1),
    "long number": "{{ " + "9" * 5000 + " }}",
}

# Nothing of it grows; each must give what Jinja's own sandbox gives.
ORDINARY = [
    "{{ text }}|{{ text | trim }}|{{ text.split() }}|{{ text.strip().lower() }}|{{ none }}|{{ missing }}",
    "{% for w in words %}{{ loop.index }}/{{ loop.length }}{{ w }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for r in rows if r['role'] == 'user' %}{{ r.content }}{% else %}none{% endfor %}",
    "{{ words | join(', ') }}{{ words | unique | list }}{{ words | sort | first }}{{ words | map('upper') | join }}",
    "{{ 'a' ~ n ~ none ~ words ~ 1.5 }}{{ 'x' * 3 }}{{ n + 1 }}{{ n - 1 }}{{ n / 2 }}{{ n // 2 }}{{ n % 2 }}{{ n ** 2 }}",
    "{{ '%s is %d, %.2f%%' % ('a', 3, 1.5) }}{{ '{} {:>5} {b!r}'.format(1, 2, b='c') }}{{ '%s' | format(n) }}",
    "{% macro m(a, b=2) %}[{{ a }}{{ b }}{{ varargs }}]{% endmacro %}{{ m(1) }}{{ m(1, 3, 4) }}",
    "{% macro w() %}<{{ caller() }}>{% endmacro %}{% call w() %}inside{% endcall %}",
    "{% set ns = namespace(found=false) %}{% for w in words %}{% if w == 'c' %}{% set ns.found = true %}{% endif %}{% endfor %}{{ ns.found }}",
    "{% set b %}{{ text | upper }}{% endset %}{{ b | length }}{{ text[2:5] }}{{ text[::-1] }}{{ words[-1] }}{{ words[1:] }}",
    "{{ text | e }}{{ text | e | safe }}{{ ('<' | e) ~ '<' }}{{ ('<' | e) + '<' }}{{ ['<', '<' | e] | join('&') }}",
    "{{ row | tojson }}{{ row | tojson(indent=2) }}{{ rows | map(attribute='role') | list }}{{ row.items() | list }}",
    "{{ row | dictsort }}{{ rows | groupby('role') | map('first') | list }}{{ row.get('x', 'none') }}{{ 'n' in row }}",
    "{{ text | replace('o', '0') }}{{ text.replace('o', '0', 1) }}{{ text | truncate(9) }}{{ text | wordwrap(7) }}",
    "{{ text | indent(2, true) }}{{ text | center(60) }}{{ text | striptags }}{{ text | urlencode }}{{ text | title }}",
    "{{ words | batch(3, '-') | list }}{{ words | slice(3) | list }}{{ [1, 2] | sum }}{{ 1.55 | round(1) }}",
    "{{ rows | selectattr('role', 'equalto', 'user') | list }}{{ words | reject('eq', 'a') | list }}{{ words | max }}",
    "{{ (1, 2) < (1, 3) }}{{ 1 < n < 10 }}{{ n is odd }}{{ n is divisibleby 7 }}{{ 'a' in words }}{{ missing is defined }}",
    "{% for a in [[1, [2]], [3]] recursive %}{{ a if a is number else loop(a) }};{% endfor %}",
    "{% filter upper %}abc{{ n }}{% endfilter %}{% with k = 3 %}{{ k }}{% endwith %}{{ cycler('a', 'b').next() }}",
    "{{ dict(a=1, b=2) }}{{ {'k': n}['k'] }}{{ range(3) | list }}{{ joiner(',')() }}{{ text | wordcount }}{{ -n }}",
    "{% block b %}in {{ n }}{% endblock %}{{ self.b() }}{% autoescape true %}{{ text }}{{ '<' ~ n }}{% endautoescape %}",
    "{{ text.strip(' .S') }}{{ text | trim('.') }}{{ words.count('a') }}{{ words.index('c') }}{{ dict(zip(words, words)) }}",
    "{{ 5.0.is_integer() }}{{ text.partition(',') }}{{ text.count('o') }}{{ 'a,b'.split(',') }}",
]


def _sandbox():
    return LimitedSandbox({"zip": zip}, {})


def _rendered(text):
    """(kind, message) of what became of a template."""
    try:
        return "text", _sandbox().template(text).render(FIELDS)
    except (jinja2.TemplateError, *TEMPLATE_FAULTS) as error:
        return type(error).__name__, str(error)


if __name__ == "__main__":
    # 400 MB beside what the imports took: a bomb that goes off ends in a MemoryError here, not in the machine's.
    limit = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize() + 400 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    # A quarter of the limit takes a quarter of the time to reach.
    template_sandbox.MAX_WORK = template_costs.MAX_WORK = MAX_WORK // 4
    results = {}
    for name, bomb in BOMBS.items():
        start = time.process_time()
        kind, message = _rendered(bomb)
        results[name] = [kind, message[:200], time.process_time() - start]
    print(json.dumps(results))
    sys.exit(0)


@pytest.fixture(scope="module")
def bombs():
    """What became of each bomb, in a child process of limited memory: [kind of error, message, CPU seconds]."""
    child = subprocess.run([sys.executable, __file__], capture_output=True, text=True, timeout=300, check=True)
    return json.loads(child.stdout)


@pytest.mark.parametrize("name", BOMBS)
def test_no_template_takes_much_time_or_memory(bombs, name):
    kind, message, secs = bombs[name]
    assert kind not in ("text", "MemoryError"), message
    assert secs < 4, f"{kind}: {message}"


def test_nearly_all_are_stopped_by_the_count(bombs):
    counted = [name for name, (kind, message, _) in bombs.items() if kind == "SecurityError" and "more than" in message]
    assert len(counted) > 80


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_templates_render_as_in_jinjas_own_sandbox(text):
    plain = jinja2.sandbox.ImmutableSandboxedEnvironment()
    plain.globals["zip"] = zip
    assert _sandbox().template(text).render(FIELDS) == plain.from_string(text).render(FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        "{{ zip.__class__ }}",
        "{{ words.append('z') }}",
        "{{ words.sort() }}",
        "{{ 'a'.encode() }}",
        "{{ 'a'.translate({97: 'bb'}) }}",
        "{{ dict.fromkeys(words) }}",
        "{{ n.to_bytes(100000000, 'big') }}",
        "{{ words.__init__(range(9)) }}",
        "{{ (words | map('attr', '__class__')) | list }}",
        "{% for w in words %}{{ loop | list }}{% endfor %}",
    ],
)
def test_what_has_no_cost_is_not_called(text):
    with pytest.raises((SecurityError, jinja2.UndefinedError)):
        _sandbox().template(text).render(FIELDS)


def test_the_count_begins_anew_with_each_text():
    template = _sandbox().template("{{ 'a' * 4000000 }}")
    assert [len(template.render({})) for _ in range(4)] == [4_000_000] * 4


def test_sizes():
    assert size_of("abc", 99) == 4 and size_of(3, 99) >= 1 and size_of(None, 99) == 1
    assert size_of([["ab"], {"k": "v"}], 99) == 15
    nested = ["x"]
    for _ in range(100):
        nested = [nested, nested]
    assert 1000 < size_of(nested, 1000) < 1010
    assert operator_cost("*", "ab", 10) == 20 and operator_cost("*", 10, [1]) >= 10
    with pytest.raises(SecurityError, match="4,300 digits"):
        operator_cost("**", 10, 5000)
    assert MAX_WORK == 10_000_000 and "encode" not in METHOD_COSTS[str]
