"""Adder graphs of alkaid (LGPL, a peer for tests alone) for one matrix, as its own Verilog with a register behind each addition.

Reads a JSON from the standard input: rows (of each output the weights), bias, bits and signed of the inputs. Writes one with the
version and the points: what each setting gives that none with fewer levels betters in alkaid's own account of cost.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import alkaid
import numpy as np
from alkaid.codegen.rtl.verilog.fsm import fsm_logic_gen
from alkaid.trace import FVArray, to_pipeline, trace

METHODS = ['wmc', 'mc', 'wmc-dc', 'wmc-pdc']
LEVELS_MORE = [0, 1, 2, -1]
NO_LIMIT = -1


def by_levels(comb):
    """The same program with its additions (and negations) counted as time, a level each; and its levels and additions."""
    levels, ops, additions = [], [], 0
    for op in comb.ops:
        takes = {-1: 0, 5: 0, 0: 1, 1: 1, 4: 1, -2: 1, 3: 0}[op.opcode]
        additions += takes
        levels.append(takes + max((levels[a] for a in op.addr), default=0))
        ops.append(op._replace(latency=float(levels[-1])))
    return comb._replace(ops=ops), max(levels[i] for i in comb.out_idxs if i >= 0), additions


def main():
    asked = json.load(sys.stdin)
    kernel = np.array(asked['rows'], dtype=np.float64).T
    bias = np.array(asked['bias'], dtype=np.float64)
    bits = asked['bits']
    low, high = (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1) if asked['signed'] else (0.0, 2.0**bits - 1)
    n = kernel.shape[0]
    cheapest = {}
    for method in METHODS:
        for more in LEVELS_MORE:
            options = {'method0': method, 'hard_dc': more, 'binary_lut': False}
            x = FVArray.from_lhs(np.full(n, low), np.full(n, high), np.ones(n), (1, -1, -1), 0.0, options)
            comb = trace(x, x @ kernel + bias)
            some = np.random.default_rng(1).integers(low, high + 1, size=(8, n)).astype(np.float64)
            for frame in some:
                assert np.array_equal(comb(frame, quantize=False).astype(np.float64), frame @ kernel + bias)
            cost = sum(op.cost for op in comb.ops)
            comb, levels, additions = by_levels(comb)
            limit = 'no limit' if more == NO_LIMIT else f'{more} levels more'
            if levels not in cheapest or cost < cheapest[levels][0]:
                cheapest[levels] = (cost, f'{method}, {limit}', additions, comb)
    points = []
    for levels, (cost, setting, additions, comb) in sorted(cheapest.items()):
        if any(cost >= p['cost'] for p in points):
            continue
        top = f'alkaid_{levels}'
        fsm = to_pipeline(comb, latency_cutoff=1.0, verbose=False, reg_inp=False)
        text = '\n'.join(fsm_logic_gen(fsm, top, timescale='').values())
        points.append(
            {'setting': setting, 'levels': levels, 'additions': additions, 'cost': cost, 'top': top, 'text': text}
        )
    static = Path(alkaid.__file__).parent / 'codegen/rtl/verilog/source'
    modules = '\n'.join((static / name).read_text() for name in ['shift_adder.v', 'negative.v'])
    json.dump({'version': version('alkaid'), 'modules': modules, 'points': points}, sys.stdout)


main()
