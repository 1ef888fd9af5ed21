# One image for web, worker, beat and commands. Build arguments are for mirrors only; secrets come at run time.
FROM python:3.12-slim-bookworm AS packages
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /app juste
WORKDIR /app
COPY --from=packages /venv /venv
COPY manage.py ./
COPY connector connector
COPY tenants tenants
COPY sync sync
COPY templates templates
COPY static static
COPY locale locale
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DJANGO_SETTINGS_MODULE=connector.settings
# Static files are collected once, with secrets that are used for nothing else and stay in no layer.
RUN SECRET_KEY=build FIELD_ENCRYPTION_KEYS=MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE= \
        python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q connector tenants sync \
    && mkdir -p var && rm -f var/* && chown juste var
USER juste
EXPOSE 8000
# GUNICORN_CMD_ARGS adds to these.
CMD ["gunicorn", "connector.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", \
     "--threads", "8", "--timeout", "60", "--graceful-timeout", "30", "--worker-tmp-dir", "/dev/shm", \
     "--max-requests", "5000", "--max-requests-jitter", "500"]
