# SPDX-License-Identifier: Apache-2.0
"""A task and an estimator for mibench: what a package of your own may look like."""
