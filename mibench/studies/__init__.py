# SPDX-License-Identifier: Apache-2.0
"""Studies: networks are trained, their planes drawn by many estimators, and what was claimed of them gets a verdict."""
