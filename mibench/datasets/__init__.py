# SPDX-License-Identifier: Apache-2.0
"""Data sets that networks are trained on: the 12-bit set from its closed form, sets of images."""
