# SPDX-License-Identifier: Apache-2.0
"""Published sets of images in MNIST's form: what their four IDX files hold, and where they are published.

The contents of a file (unpacked) are known by a digest, however it was packed. MNIST: LeCun, Bottou, Bengio and Haffner
(1998). Fashion-MNIST: Xiao, Rasul and Vollgraf (2017), of whose contents only MD5 sums are published.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

__all__ = ["FILES", "MOST_BYTES", "PUBLISHED", "Published", "digest_like"]

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
MOST_BYTES = 1 << 26  # of a published file, packed or not: more is none


@dataclass(frozen=True)
class Published:
    """A published set.

    Attributes
    ----------
    name, title : str
    digests : tuple of 4 str
        ``ALGORITHM:HEX`` of the unpacked contents of each of `FILES`.
    mirrors : tuple of str
        Addresses under which ``FILE.gz`` lies, ending in a slash.
    """

    name: str
    title: str
    digests: tuple[str, str, str, str]
    mirrors: tuple[str, ...]


PUBLISHED = {
    each.name: each
    for each in (
        Published(
            "mnist",
            "MNIST",
            (
                "sha256:ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                "sha256:65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                "sha256:0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                "sha256:ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            ),
            (
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
            ),
        ),
        Published(
            "fashion-mnist",
            "Fashion-MNIST",
            (
                "md5:f4a8712d7a061bf5bd6d2ca38dc4d50a",
                "md5:9018921c3c673c538a1fc5bad174d6f9",
                "md5:8181f5470baa50b63fa0f6fddb340f0a",
                "md5:15d484375f8d13e6eb1aabb0c3f46965",
            ),
            (
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            ),
        ),
    )
}


def digest_like(data: bytes | bytearray, like: str) -> str:
    """The digest of `data` by the algorithm of the digest `like`, in the same form: ``ALGORITHM:HEX``."""
    algorithm = like.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, data, usedforsecurity=False).hexdigest()}"
