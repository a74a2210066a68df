"""Products of four rows with a table, for a loop that needs the one before it can ask for the next.

A table is filled up with zeros to a multiple of four rows and of `LANES` columns: the loops then have no remainder.
"""

from methods.engine.layers.kernels import compiled

LANES = 16  # float32 that a core with AVX-512 works on at a time, and a multiple of what others do


@compiled
def add_products(x, table, total):
    """total (4, columns) += x (4, rows) table. Four rows of the table at a time, in place of one, save three of four
    passes over the total."""
    x0, x1, x2, x3, t0, t1, t2, t3 = x[0], x[1], x[2], x[3], total[0], total[1], total[2], total[3]
    for i in range(0, len(table), 4):
        w0, w1, w2, w3 = table[i], table[i + 1], table[i + 2], table[i + 3]
        x00, x01, x02, x03 = x0[i], x0[i + 1], x0[i + 2], x0[i + 3]
        x10, x11, x12, x13 = x1[i], x1[i + 1], x1[i + 2], x1[i + 3]
        x20, x21, x22, x23 = x2[i], x2[i + 1], x2[i + 2], x2[i + 3]
        x30, x31, x32, x33 = x3[i], x3[i + 1], x3[i + 2], x3[i + 3]
        for j in range(table.shape[1]):
            a, b, c, d = w0[j], w1[j], w2[j], w3[j]
            # all sums before the first is stored, or the table would be loaded again
            s0 = t0[j] + x00 * a + x01 * b + x02 * c + x03 * d
            s1 = t1[j] + x10 * a + x11 * b + x12 * c + x13 * d
            s2 = t2[j] + x20 * a + x21 * b + x22 * c + x23 * d
            s3 = t3[j] + x30 * a + x31 * b + x32 * c + x33 * d
            t0[j], t1[j], t2[j], t3[j] = s0, s1, s2, s3


@compiled
def add_products_across(x, table, total):
    """total (4, rows) += x (4, columns) table^T. Sixteen sums at a time, about as many as a core has registers for."""
    x0, x1, x2, x3, zero = x[0], x[1], x[2], x[3], x.dtype.type(0)
    for i in range(0, len(table), 4):
        w0, w1, w2, w3 = table[i], table[i + 1], table[i + 2], table[i + 3]
        s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = s20 = s21 = s22 = s23 = s30 = s31 = s32 = s33 = zero
        for j in range(table.shape[1]):
            a, b, c, d, y0, y1, y2, y3 = w0[j], w1[j], w2[j], w3[j], x0[j], x1[j], x2[j], x3[j]
            s00, s01, s02, s03 = s00 + y0 * a, s01 + y0 * b, s02 + y0 * c, s03 + y0 * d
            s10, s11, s12, s13 = s10 + y1 * a, s11 + y1 * b, s12 + y1 * c, s13 + y1 * d
            s20, s21, s22, s23 = s20 + y2 * a, s21 + y2 * b, s22 + y2 * c, s23 + y2 * d
            s30, s31, s32, s33 = s30 + y3 * a, s31 + y3 * b, s32 + y3 * c, s33 + y3 * d
        sums = ((s00, s01, s02, s03), (s10, s11, s12, s13), (s20, s21, s22, s23), (s30, s31, s32, s33))
        for k in range(4):
            for place in range(4):
                total[k, i + place] += sums[k][place]
