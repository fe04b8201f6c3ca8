# SPDX-License-Identifier: Apache-2.0
"""Images of digits against their labels: real images whose information is known, for the law on them is chosen.

X is one of the N images of a data set, each equally likely. No two images are the same, so an image determines its
label L, and I(X; L) = H(L) exactly. The label may go through a channel of known transition probabilities to a label M:
then I(X; M) = I(L; M) = H(M) - H(M|L). A second image drawn uniformly from those of class M says as much as M does,
since it determines M and is drawn from M alone. What is hard is the estimation: a method that sees the images only must
find the classes in them, and n samples of N images repeat (a fraction ``1 - exp(-n/N)`` of the N is seen), so that a
method may also learn the images by heart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from mibench.contracts import InputError, Sample, Truth
from mibench.numerics.checks import as_generator, check_count

if TYPE_CHECKING:
    from mibench.contracts import RandomLike

__all__ = ["ImageLabel", "ImagePair", "information_of_rows", "symmetric_channel"]

Channel = tuple[tuple[float, ...], ...]

N_CLASSES = 10
_SHAPES = {"digits": (8, 8), "mnist": (28, 28)}
_SUM_ERROR = 1e-9


class _Source(NamedTuple):
    images: NDArray[np.uint8]  # (N, h, w)
    labels: NDArray[np.int64]  # (N,)
    white: float  # the brightest value there is
    kinds: NDArray[np.int64]  # (N,): equal for equal images
    members: tuple[NDArray[np.int64], ...]  # the rows of every class


@lru_cache(maxsize=2)
def _source(name: str) -> _Source:
    """A data set, loaded once in a process."""
    from mibench.datasets import digits, sets

    if name == "digits":
        images, labels = digits.load()
    else:
        found = sets.load(name)
        images, labels = found.images(), found.labels().astype(np.uint8)
    number: dict[bytes, int] = {}
    kinds = np.array([number.setdefault(image.tobytes(), len(number)) for image in images])
    members = tuple(np.flatnonzero(labels == each) for each in range(N_CLASSES))
    return _Source(images, labels.astype(np.int64), 16.0 if name == "digits" else 255.0, kinds, members)


def symmetric_channel(noise: Any, n_classes: int = N_CLASSES) -> NDArray[np.float64]:
    """Transition probabilities, shape (n_classes, n_classes): a label becomes each other one with equal probability.

    Parameters
    ----------
    noise : float
        Probability that a label is changed.
    n_classes : int

    Raises
    ------
    InputError
        If `noise` is no probability.
    """
    if isinstance(noise, bool) or not isinstance(noise, Real) or not 0 <= float(noise) <= 1:
        raise InputError(f"noise is {noise!r}: give the probability that a label is changed, from 0 to 1")
    channel = np.full((n_classes, n_classes), float(noise) / (n_classes - 1))
    np.fill_diagonal(channel, 1.0 - float(noise))
    return channel


def information_of_rows(kinds: Any, labels: Any, channel: Any) -> float:
    """I(X; M) in nats by enumeration: a row is drawn uniformly, X is its kind, M its label after the channel.

    Rows of one kind may have unlike labels: their label is then uncertain given X.

    Parameters
    ----------
    kinds : array of int, shape (n,)
        Equal for rows with the same X.
    labels : array of int, shape (n,)
        From 0.
    channel : array, shape (n_labels, m)
        Row l: the probabilities of M given the label l.
    """
    channel = np.asarray(channel, dtype=np.float64)
    kinds, weights = np.unique(kinds, return_inverse=True, return_counts=True)[1:]
    counts = np.zeros((len(weights), len(channel)))
    np.add.at(counts, (kinds, labels), 1.0)
    given = counts / weights[:, None] @ channel  # p(M | X)
    share = weights / weights.sum()
    return float(entr(share @ given).sum() - share @ entr(given).sum(axis=1))


@dataclass(frozen=True)
class ImageLabel:
    """An image of a digit, drawn uniformly from a data set, and its label, or the label after a noisy channel.

    The truth is in nats, by enumeration of the data set. X takes finitely many values: images repeat in a sample.

    Parameters
    ----------
    source : {"digits", "mnist"}
        1797 images of 8 x 8 pixels that come with scikit-learn, or the 70,000 of 28 x 28 of MNIST (LeCun et al., 1998),
        whose four files lie in the folder that the environment variable ``MIBENCH_DATA`` names, or in the user's
        cache (``mibench data fetch mnist``).
    noise : float
        Probability that the label is changed, to each other one equally likely.
    channel : tuple of 10 tuples of float, or None
        Instead of `noise`, the transition probabilities themselves: row l holds those of what the label l becomes.

    Raises
    ------
    InputError
        For a parameter out of range.
    NotInstalled
        From `truth` and `sample`, where MNIST is asked for and is not there; the message says what to put where.
    """

    source: str = "digits"
    noise: float = 0.0
    channel: Channel | None = None

    version: ClassVar[int] = 1
    tags: ClassVar[frozenset[str]] = frozenset({"networks", "labels"})

    def __post_init__(self) -> None:
        if not isinstance(self.source, str) or self.source not in _SHAPES:
            raise InputError(f"source is {self.source!r}: give {' or '.join(map(repr, _SHAPES))}")
        symmetric_channel(self.noise)
        object.__setattr__(self, "noise", float(self.noise))
        if self.channel is not None:
            if self.noise:
                raise InputError(f"noise is {self.noise!r} and a channel is given: give one of the two")
            object.__setattr__(self, "channel", _checked(self.channel))

    @property
    def dim_x(self) -> int:
        """Pixels of an image."""
        height, width = _SHAPES[self.source]
        return height * width

    @property
    def dim_y(self) -> int:
        """One label."""
        return 1

    @property
    def transition(self) -> NDArray[np.float64]:
        """Probabilities of the label after the channel, shape (10, m), by rows."""
        return symmetric_channel(self.noise) if self.channel is None else np.array(self.channel)

    @cached_property
    def truth(self) -> Truth:
        """The information between image and label, enumerated over the data set."""
        source = _source(self.source)
        return Truth(max(0.0, information_of_rows(source.kinds, source.labels, self.transition)), method="enumeration")

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs: x of shape (n, h, w), float32 from 0 to 1, and y of shape (n,), int64.

        ``side`` declares `x_is_discrete` and `y_is_discrete`, both true, `alphabet_size_x`, the number of images that
        there are, and `alphabet_size_y`, the number of labels.
        """
        n, generator, source = check_count("n", n, 1), as_generator(rng), _source(self.source)
        rows, labels = self._draw(source, n, generator)
        side = _finite(int(source.kinds.max()) + 1, self.transition.shape[1])
        return Sample(_shown(source, rows), labels, side)

    def _draw(
        self, source: _Source, n: int, generator: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the data set, and their labels after the channel."""
        rows = generator.integers(0, len(source.labels), n)
        below = np.cumsum(self.transition, axis=1)[source.labels[rows], :-1]
        return rows, (generator.random(n)[:, None] >= below).sum(axis=1)


@dataclass(frozen=True)
class ImagePair(ImageLabel):
    """Two images of a digit: the first drawn uniformly, the second uniformly from those of the first one's class.

    With noise, from those of the label after the channel. What the images share is the class alone; the truth is in
    nats, by enumeration. Both sides take finitely many values: images repeat in a sample.

    Parameters
    ----------
    source : {"digits", "mnist"}
        1797 images of 8 x 8 pixels that come with scikit-learn, or the 70,000 of 28 x 28 of MNIST (LeCun et al., 1998),
        whose four files lie in the folder that the environment variable ``MIBENCH_DATA`` names, or in the user's
        cache (``mibench data fetch mnist``).
    noise : float
        Probability that the class is changed, to each other one equally likely.
    channel : tuple of 10 tuples of 10 floats, or None
        Instead of `noise`, the transition probabilities themselves: row l holds those of what the class l becomes.

    Raises
    ------
    InputError
        For a parameter out of range.
    NotInstalled
        From `truth` and `sample`, where MNIST is asked for and is not there; the message says what to put where.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.transition.shape[1] != N_CLASSES:
            raise InputError(f"channel has rows of {self.transition.shape[1]}: give {N_CLASSES}, one for each class")

    @property
    def dim_y(self) -> int:
        """Pixels of an image."""
        return self.dim_x

    def sample(self, n: int, rng: RandomLike = None) -> Sample:
        """Draw `n` independent pairs: x and y of shape (n, h, w), float32 from 0 to 1.

        ``side`` declares `x_is_discrete` and `y_is_discrete`, both true, and as `alphabet_size_x` and `alphabet_size_y`
        the number of images that there are.
        """
        n, generator, source = check_count("n", n, 1), as_generator(rng), _source(self.source)
        rows, labels = self._draw(source, n, generator)
        sizes = np.array([len(each) for each in source.members])
        order, starts = np.concatenate(source.members), np.cumsum(sizes) - sizes
        others = order[starts[labels] + generator.integers(0, sizes[labels])]
        size = int(source.kinds.max()) + 1
        return Sample(_shown(source, rows), _shown(source, others), _finite(size, size))


def _checked(channel: Any) -> Channel:
    """A channel as tuples of floats, if it is one."""
    said = f"{channel!r:.80}"
    try:
        rows = np.array(channel, dtype=np.float64)
        said = f"of shape {rows.shape}"
    except (TypeError, ValueError):
        rows = np.zeros(0)
    if rows.ndim != 2 or len(rows) != N_CLASSES or not rows.size:
        raise InputError(f"channel is {said}: give {N_CLASSES} rows of probabilities, one for each class")
    if not (rows >= 0).all() or not np.allclose(rows.sum(axis=1), 1.0, rtol=0, atol=_SUM_ERROR):
        raise InputError(f"channel has rows that sum to {rows.sum(axis=1).tolist()}: give probabilities that sum to 1")
    return tuple(tuple(float(p) for p in row) for row in rows)


def _shown(source: _Source, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    return np.asarray(source.images[rows] / np.float32(source.white), dtype=np.float32)


def _finite(size_x: int, size_y: int) -> dict[str, Any]:
    return {"x_is_discrete": True, "y_is_discrete": True, "alphabet_size_x": size_x, "alphabet_size_y": size_y}
