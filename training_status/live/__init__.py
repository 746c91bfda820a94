"""Live streams: every viewer receives each log entry of a run once, in order, and the end of the run.

A viewer subscribes first, then reads the database, then waits for updates. One database poll serves all viewers
of a process. A viewer that is too slow to keep up reads the database again from its own position.
"""
