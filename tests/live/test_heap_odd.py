#!/usr/bin/python3
"""Memory that could be counted twice or not at all: huge pages, what a fork leaves out, zero pages, subinterpreters."""

import unittest
from pathlib import Path

from support import Target, interpreters
from support.heaps import EXACT, MODES, HeapTest, bytes_of, smaps_rss

MIB = 1 << 20
SIZE_MIB = 32
UNEXPLAINED = 0.01
HUGE_PAGES = Path("/proc/sys/vm/nr_hugepages")
HUGE_PAGE_BYTES = 2 * MIB
THP = Path("/sys/kernel/mm/transparent_hugepage/enabled")
