"""Serving an ASGI and a WSGI application from one process, by uvicorn. Nothing here knows what is served."""
