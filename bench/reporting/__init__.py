# SPDX-License-Identifier: GPL-2.0
"""What bench/report is made of: figures, tables, plots, the page."""
