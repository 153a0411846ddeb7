# SPDX-License-Identifier: MIT
"""Longer stories of the boot matrix, one function each. They raise run.Failure. Used by matrix.py."""
