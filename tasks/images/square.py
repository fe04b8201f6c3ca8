# SPDX-License-Identifier: Apache-2.0
"""What every task of square images is: its truth, and how many pixels a side has."""

from __future__ import annotations

from mibench.contracts import Truth

__all__ = ["SquareImages"]


class SquareImages:
    """Pairs of images of `size` x `size` pixels that are made to carry `mi` nats."""

    size: int
    mi: float

    @property
    def truth(self) -> Truth:
        """I(X;Y) = `mi`: the construction makes it so, as the class and ``docs/theory.md`` explain."""
        return Truth(self.mi)

    @property
    def dim_x(self) -> int:
        """Number of pixels."""
        return self.size**2

    @property
    def dim_y(self) -> int:
        """Number of pixels."""
        return self.size**2
