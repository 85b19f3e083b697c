"""Reading a compiled program: loops counted, communication measured, slices not taken for whole arrays."""

import jax
import jax.numpy as jnp
import pytest

from flan_jax.tpu_plan.flops import matmul_flops
from flan_jax.tpu_plan.hlo import parse_program

PROGRAM = """\
HloModule jit_step, entry_computation_layout={(f32[8,128]{1,0})->f32[8,128]{1,0}}

%sum (a: f32[], b: f32[]) -> f32[] {
  %a = f32[] parameter(0)
  %b = f32[] parameter(1)
  ROOT %add = f32[] add(%a, %b)
}

%take_layer (p0: f32[6,128,128], p1: s32[]) -> f32[128,128] {
  %p0 = f32[6,128,128]{2,1,0} parameter(0)
  %p1 = s32[] parameter(1)
  %cut = f32[1,128,128]{2,1,0} dynamic-slice(%p0, %p1, %p1, %p1), dynamic_slice_sizes={1,128,128}
  ROOT %flat = f32[128,128]{1,0} bitcast(%cut)
}

%body (c: (s32[], f32[8,128], f32[6,128,128])) -> (s32[], f32[8,128], f32[6,128,128]) {
  %c = (s32[], f32[8,128]{1,0:T(8,128)}, f32[6,128,128]{2,1,0}) parameter(0)
  %i = s32[] get-tuple-element(%c), index=0
  %x = f32[8,128]{1,0} get-tuple-element(%c), index=1
  %w = f32[6,128,128]{2,1,0} get-tuple-element(%c), index=2
  %layer = f32[128,128]{1,0} fusion(%w, %i), kind=kLoop, calls=%take_layer
  %y = f32[8,128]{1,0:S(1)} dot(%x, %layer), lhs_contracting_dims={1}, rhs_contracting_dims={0}
  %r = f32[8,128]{1,0} all-reduce(%y), channel_id=1, replica_groups=[4,2]<=[8], metadata={op_name="mlp/wo"}
  ROOT %out = (s32[], f32[8,128]{1,0}, f32[6,128,128]{2,1,0}) tuple(%i, %r, %w)
}

%condition (c: (s32[], f32[8,128], f32[6,128,128])) -> pred[] {
  %c.1 = (s32[], f32[8,128]{1,0}, f32[6,128,128]{2,1,0}) parameter(0)
  %n = s32[] constant(6)
  %i.1 = s32[] get-tuple-element(%c.1), index=0
  ROOT %less = pred[] compare(%i.1, %n), direction=LT
}

ENTRY %main (x0: f32[8,128], w0: f32[6,128,128]) -> f32[8,128] {
  %x0 = f32[8,128]{1,0} parameter(0)
  %w0 = f32[6,128,128]{2,1,0} parameter(1)
  %zero = s32[] constant(0)
  %start = (s32[], f32[8,128]{1,0}, f32[6,128,128]{2,1,0}) tuple(%zero, %x0, %w0)
  %loop = (s32[], f32[8,128]{1,0}, f32[6,128,128]{2,1,0}) while(%start), condition=%condition, body=%body
  %x1 = f32[8,128]{1,0} get-tuple-element(%loop), index=1
  %whole = bf16[32,128]{1,0} all-gather(%x1), channel_id=2, replica_groups={{0,1,2,3},{4,5,6,7}}, dimensions={0}
  ROOT %sent = f32[8,128]{1,0} reduce-scatter(%x1), replica_groups=mesh['a'=2,'b'=4] {'a','b'}, to_apply=%sum
}
"""


def test_a_loop_body_counts_as_often_as_it_runs():
    program = parse_program(PROGRAM)
    assert program.runs["main"] == 1 and program.runs["body"] == 6 and program.runs["take_layer"] == 6
    by_kind = {c.kind: c for c in program.collectives()}
    rows = 8 * 128 * 4
    assert by_kind["all-reduce"].runs == 6 and by_kind["all-reduce"].op_name == "mlp/wo"
    assert by_kind["all-reduce"].sent_bytes == 6 * rows * 2 * 1 / 2
    assert by_kind["all-gather"].sent_bytes == rows * 3
    assert by_kind["reduce-scatter"].sent_bytes == rows * 7 / 8


def test_memory_traffic_counts_slices_and_leaves_out_scratch_memory():
    rows, layer = 8 * 128 * 4, 128 * 128 * 4
    index = 4
    fusion = layer + index + layer  # the slice read, the index, the slice written
    dot = rows + layer  # its result stays in scratch memory
    all_reduce = rows
    last = rows + 32 * 128 * 2 + rows + rows
    assert parse_program(PROGRAM).hbm_bytes() == 6 * (fusion + dot + all_reduce) + last


def test_largest_arrays_first():
    (array, _), *_ = parse_program(PROGRAM).largest(3)
    assert array.text == "f32[128,128]"


def test_a_loop_without_a_constant_bound_is_refused():
    with pytest.raises(ValueError, match="0 constants"):
        parse_program(PROGRAM.replace("%n = s32[] constant(6)", "%n = s32[] get-tuple-element(%c.1), index=0"))
    with pytest.raises(ValueError, match="ENTRY"):
        parse_program("HloModule empty")


def test_products_of_a_scanned_and_rematerialised_layer():
    def model(w, x):
        def layer(x, w):
            return jnp.tanh(x @ w), None

        return jnp.sum(jax.lax.scan(jax.checkpoint(layer), x, w)[0])

    w, x = jnp.ones((6, 32, 32)), jnp.ones((4, 32))
    once = 2.0 * 4 * 32 * 32
    assert matmul_flops(jax.make_jaxpr(model)(w, x).jaxpr) == 6 * once
    # Backward: two products a layer, and the forward one again.
    assert matmul_flops(jax.make_jaxpr(jax.grad(model))(w, x).jaxpr) == 6 * 4 * once


def test_batched_products_and_branches():
    def branches(x):
        return jax.lax.cond(x.sum() > 0, lambda x: jnp.einsum("bij,bjk->bik", x, x), lambda x: x, x)

    assert matmul_flops(jax.make_jaxpr(branches)(jnp.ones((3, 5, 5))).jaxpr) == 2.0 * 3 * 5**3
    rounds = jax.make_jaxpr(lambda x: jax.lax.while_loop(lambda y: y.sum() < 9, lambda y: y @ y, x))(jnp.ones((2, 2)))
    with pytest.raises(NotImplementedError):
        matmul_flops(rounds.jaxpr)
