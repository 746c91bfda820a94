"""Following runs: every viewer is told every entry, in order, once, and the end.

A viewer subscribes first, then reads, then waits. One look at the database serves all viewers of a
process; somebody too slow to keep up reads again from where they are.
"""
