# SPDX-License-Identifier: Apache-2.0
# The information of jointly normal vectors, in nats, from their canonical correlations.
paths <- commandArgs(trailingOnly = TRUE)
x <- as.matrix(read.csv(paths[1]))
y <- as.matrix(read.csv(paths[2]))
rho <- cancor(x, y)$cor
cat(format(-0.5 * sum(log(1 - rho^2)), digits = 17), "\n")
