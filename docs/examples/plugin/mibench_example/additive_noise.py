# SPDX-License-Identifier: Apache-2.0
"""A uniform variable seen through uniform noise."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from mibench.contracts import InputError, Sample, Truth
from mibench.numerics.checks import as_generator, check_count

__all__ = ["AdditiveNoise"]


@dataclass(frozen=True)
class AdditiveNoise:
    """X is uniform on (0, 1), and Y = X + N with N uniform on (-noise, noise) and independent of X.

    Given X, Y is uniform, so h(Y|X) = ln(2 noise); Y itself has a trapezoid for its density, hence
    ``I(X;Y) = noise - ln(2 noise)`` nats up to ``noise = 1/2``, and ``1 / (4 noise)`` beyond.

    Parameters
    ----------
    noise : float
        Half the width of the noise.

    Raises
    ------
    InputError
        For a noise that is no finite number above 0.
    """

    noise: float = 0.25

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"additive", "bounded"})
    dim_x: ClassVar[int] = 1
    dim_y: ClassVar[int] = 1

    def __post_init__(self) -> None:
        number = isinstance(self.noise, int | float) and not isinstance(self.noise, bool)
        if not number or not 0 < self.noise < math.inf:
            raise InputError(f"noise is {self.noise!r}: give a finite number above 0")

    @property
    def truth(self) -> Truth:
        """The difference of the two entropies, in nats."""
        if self.noise <= 0.5:
            return Truth(self.noise - math.log(2 * self.noise))
        return Truth(1 / (4 * self.noise))

    def sample(self, n: int, rng: Any = None) -> Sample:
        """Draw `n` independent pairs: x and y of shape (n, 1), float64."""
        n, generator = check_count("n", n, 1), as_generator(rng)
        x = generator.uniform(0, 1, (n, 1))
        return Sample(x, x + generator.uniform(-self.noise, self.noise, (n, 1)))
