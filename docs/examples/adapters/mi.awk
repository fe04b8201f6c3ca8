# SPDX-License-Identifier: Apache-2.0
# The information of two jointly normal numbers, in bits, from their correlation: awk -f mi.awk x.csv y.csv
FNR == 1 { next }
NR == FNR { x[FNR] = $1; sx += $1; xx += $1 * $1; next }
{ n++; sy += $1; yy += $1 * $1; xy += $1 * x[FNR] }
END { r2 = (n * xy - sx * sy) ^ 2 / (n * xx - sx ^ 2) / (n * yy - sy ^ 2); printf "%.15g\n", -log(1 - r2) / log(2) / 2 }
