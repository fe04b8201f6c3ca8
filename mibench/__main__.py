# SPDX-License-Identifier: Apache-2.0
"""``python -m mibench``: the same as the command ``mibench``."""

from mibench.cli import main

if __name__ == "__main__":
    main()
