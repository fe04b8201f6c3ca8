# SPDX-License-Identifier: Apache-2.0
"""Variational bounds on mutual information whose critic is a neural network, valued on held-out data."""

from mibench.estimators.neural.estimators import DV, MINE, NWJ, SMILE, InfoNCE

__all__ = ["DV", "MINE", "NWJ", "SMILE", "InfoNCE"]
