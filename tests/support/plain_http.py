"""Requests to services at `http:` addresses.

httpx loads the certificates for `https:` for each client and each request outside of one, whatever the address. That
takes 20 ms, several times what a request takes.
"""

import ssl

NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
