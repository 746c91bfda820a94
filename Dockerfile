# One image, one process, one port. The database is another's: DATABASE_URL says where.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /app

# Without the embedded PostgreSQL of requirements.txt: it is for machines without one, and has 70 MB.
COPY requirements-server.txt ./
RUN pip install --require-hashes -r requirements-server.txt

COPY manage.py ./
COPY aegis_training aegis_training
COPY training_status training_status

# At the first start otherwise, and then in a folder that can be written.
ENV AEGIS_STATIC_DIR=/app/static
RUN AEGIS_SECRET_KEY=unused python manage.py collectstatic

RUN useradd --system --no-create-home aegis && mkdir /data && chown aegis /data
USER aegis
ENV AEGIS_DATA_DIR=/data HOST=0.0.0.0 PORT=8000
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]

STOPSIGNAL SIGTERM
# With `--no-migrate` at the end, where `python manage.py migrate` is a step of its own.
CMD ["python", "manage.py", "serve"]
