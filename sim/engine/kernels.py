"""Rules and kernels: plain functions about one person, and the compiled loops that put a crowd through them.

All that a market needs of the engine to decide: marks for rules and kernels (compile.py), boxes for what is decided
(outbox.py), and people put through kernels in batches (batches.py).
"""

from sim.engine.batches import BLOCK, blocks, decide, decide_all, each_block
from sim.engine.compile import (
    forget_old_code,
    inlined_rule,
    kernel,
    own,
    prefetch,
    rule,
    with_cached_type,
    with_type_of_first,
)
from sim.engine.outbox import Box, Outbox, is_full, joined, outbox, outbox_of, post

__all__ = [
    "BLOCK", "Box", "Outbox", "blocks", "decide", "decide_all", "each_block", "forget_old_code", "inlined_rule", "is_full",
    "joined", "kernel", "outbox", "outbox_of", "own", "post", "prefetch", "rule", "with_cached_type", "with_type_of_first",
]  # fmt: skip
