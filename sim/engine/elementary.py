"""Exponential and logarithm of our own: inlined where they are used, and the same bits on every machine.

A call into the C library costs a kernel its registers and keeps its loop from being vectorised; four times the time.
Range reduction by the bits of the number, then a polynomial summed in pairs (Estrin), as in Muller, Elementary
Functions (2016), chapters 4 and 9.
"""

import numpy as np

from sim.engine.kernels import rule

LOG2E = 1.4426950408889634
LN2, LN2_HIGH, LN2_LOW = 0.6931471805599453, 6.93147180369123816490e-01, 1.90821492927058770002e-10
FARTHEST = 700.0  # from here on exp is taken for exp(700), and for exp(-700) below minus it
INTO_LOW_BITS = 6755399441055744.0  # 1.5 times 2^52: added to a number, its whole part stands in the lowest bits
WHOLE_OF_IT = np.int64(0x4338000000000000)  # the bits of that
EXPONENT, BIAS = np.int64(52), np.int64(1023)
ROOT_HALF = np.int64(0x3FE6A09E667F3BCD)  # the bits of the square root of a half


@rule
def exp(x):
    """e^x within 3e-13 of itself; not a number for not a number."""
    if x > FARTHEST:
        x = FARTHEST
    elif x < -FARTHEST:
        x = -FARTHEST
    shifted = x * LOG2E + INTO_LOW_BITS
    whole = shifted - INTO_LOW_BITS
    r = (x - whole * LN2_HIGH) - whole * LN2_LOW
    r2 = r * r
    low = (1.0 + r) + r2 * ((1 / 2 + r * (1 / 6)) + r2 * (1 / 24 + r * (1 / 120)))
    high = (1 / 720 + r * (1 / 5040)) + r2 * ((1 / 40320 + r * (1 / 362880)) + r2 * (1 / 3628800))
    power = ((np.float64(shifted).view(np.int64) - WHOLE_OF_IT) + BIAS) << EXPONENT
    return (low + r2 * r2 * r2 * high) * np.int64(power).view(np.float64)


@rule
def log(x):
    """Natural logarithm of a positive number within 2e-15; -709 for 0, not a number for not a number or infinity."""
    bits = np.float64(x).view(np.int64)
    power = (bits - ROOT_HALF) >> EXPONENT
    m = np.int64(bits - (power << EXPONENT)).view(np.float64)
    f = (m - 1.0) / (m + 1.0)
    s = f * f
    s2 = s * s
    low = (2 / 3 + s * (2 / 5)) + s2 * (2 / 7 + s * (2 / 9))
    high = (2 / 11 + s * (2 / 13)) + s2 * (2 / 15 + s * (2 / 17))
    return np.float64(power) * LN2 + (2.0 * f + f * s * (low + s2 * s2 * high)) + (x - x)
