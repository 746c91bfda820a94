"""Operations on whole runs: the sweep, retention, export and import, and the background maintenance loop."""
