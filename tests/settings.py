"""Settings of the test run: the service's own, with throw-away secrets and a quick password hash."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
os.environ.setdefault("DEBUG", "0")
os.environ.setdefault("EMAIL_URL", "console://")
os.environ["CELERY_BROKER_URL"] = "memory://localhost/"
os.environ["ALLOW_PRIVATE_STORE_URLS"] = "1"
os.environ["LOG_LEVEL"] = os.environ.get("LOG_LEVEL", "WARNING")
if "TEST_DATABASE_URL" in os.environ:
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
else:
    os.environ.pop("DATABASE_URL", None)
if "TEST_REDIS_URL" in os.environ:
    os.environ["REDIS_URL"] = os.environ["TEST_REDIS_URL"]
else:
    os.environ.pop("REDIS_URL", None)

from connector.settings import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS = ["*"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
"""Nothing is collected for tests: static files come from where they are written."""
if REDIS_URL:  # noqa: F405
    CACHES["default"] |= {  # noqa: F405
        "BACKEND": "tests.redis_cache.OwnCache",
        "KEY_PREFIX": f"test-{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}",
    }
