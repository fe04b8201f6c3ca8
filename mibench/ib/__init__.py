# SPDX-License-Identifier: Apache-2.0
"""The information bottleneck: its curve, rate-distortion functions, and how near an encoder is to the curve."""

from __future__ import annotations

from mibench.ib.curve import IBCurve, curve
from mibench.ib.fixed_point import FixedPoint, fixed_point_beta
from mibench.ib.rate_distortion import RateDistortion, blahut_arimoto

__all__ = ["FixedPoint", "IBCurve", "RateDistortion", "blahut_arimoto", "curve", "fixed_point_beta"]
