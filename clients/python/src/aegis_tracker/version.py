"""The version of the package, also shown to the service as `User-Agent`."""

VERSION = "0.1.0"
