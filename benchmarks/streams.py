"""The live streams: how soon a viewer sees an entry, what an idle viewer costs, what writers lose.

One serving process on a core of its own; writers and the database, and viewers where nothing else is said, share
the others.
"""

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import stream_idle
import stream_latency
import stream_throughput
from served_project import use_own_database

if __name__ == "__main__":
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as data_dir:
        use_own_database(data_dir)
        for part in (stream_latency, stream_idle, stream_throughput):
            if part.__name__ in (sys.argv[1:] or [part.__name__]):
                part.main()
