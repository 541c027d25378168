FROM python:3.14-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
RUN useradd --system --uid 10001 --create-home --shell /usr/sbin/nologin kraken \
    && install -d -o kraken -g kraken -m 0700 /var/lib/kraken-privacy/journal /var/lib/kraken-privacy/backups
WORKDIR /srv/kraken-privacy
COPY requirements/app.txt requirements/
RUN pip install --no-cache-dir --require-hashes --no-deps -r requirements/app.txt
COPY . .
# Files belong to root, so the process that serves them cannot change them.
USER kraken
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--blocking-threads", "4", "--respawn-failed-workers", "kraken_privacy.wsgi:application"]
