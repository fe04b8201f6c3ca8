# SPDX-License-Identifier: Apache-2.0
"""Networks whose information is studied: small fully connected ones, trained by the hundred, and what they know."""
