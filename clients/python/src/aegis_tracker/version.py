"""The version of the package, also shown to the service as `User-Agent`."""

VERSION = "1.0.0"
