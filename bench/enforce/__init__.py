"""deepseek-bench: judges a gateway's limits by what an upstream with its own bill was sent.

theory.py and verdict.py decide and touch nothing; gateway.py, upstream.py and load.py run programs;
experiments/ says what is done to a gateway; report.py, compare.py and svg.py write.
"""
