"""Every setting of the service, read once from the environment; names and meanings are in the README's table.

Secrets may also come from a file named by `<NAME>_FILE`. `var/local.env`, written by `make setup`, fills in what the
environment leaves out. With DEBUG off a missing secret stops the start.
"""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = Env()
env.read_env(VAR_DIR / "local.env", recurse=False, override=False)


def _secret(name: str, default: str = "") -> str:
    """The value of NAME, or the content of the file that NAME_FILE names."""
    path = env.str(f"{name}_FILE", "")
    return Path(path).read_text(encoding="utf-8").strip() if path else env.str(name, default)


# Product
PRODUCT_NAME = "Juste"

# Django
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = _secret("SECRET_KEY")
FIELD_ENCRYPTION_KEYS = [key for key in re.split(r"[\s,]+", _secret("FIELD_ENCRYPTION_KEYS")) if key]
for _name, _value in (("SECRET_KEY", SECRET_KEY), ("FIELD_ENCRYPTION_KEYS", FIELD_ENCRYPTION_KEYS)):
    if not _value:
        raise ImproperlyConfigured(
            f"{_name} is not set. Run `make setup` to write fresh secrets to var/local.env, or set {_name} (or"
            f" {_name}_FILE) in the environment."
        )
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in ("http", "https") or not _public.netloc:
    raise ImproperlyConfigured(f"PUBLIC_URL must be an address like https://books.example.com, not {PUBLIC_URL!r}.")
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]
_is_https = _public.scheme == "https"

ROOT_URLCONF = "connector.urls"
WSGI_APPLICATION = "connector.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "tenants.User"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "connector.apps.ConnectorConfig",
    "tenants.apps.TenantsConfig",
    "sync.apps.SyncConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tenants.web.maintenance.MaintenanceMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Behind WhiteNoise, whose files are compressed already. Pages hold no fixed secret: form tokens are masked anew for
    # every answer, and Django pads each by a random length, so that its size tells nothing.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "tenants.web.nul.NulMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "tenants.web.middleware.LastSeenMiddleware",
    "tenants.web.middleware.PersonLocaleMiddleware",
    "tenants.web.signed_out.SignedOutMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "tenants.web.context.product",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
                    if DEBUG
                    else [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

# While this file exists every page says that the service is being worked on
MAINTENANCE_FILE = Path(env.str("MAINTENANCE_FILE", str(VAR_DIR / "maintenance")))

# Database: SQLite unless told otherwise
DATABASES = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{VAR_DIR / 'juste.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA busy_timeout=20000;"
        "PRAGMA temp_store=MEMORY;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# Cache, limiter and tasks: in this process unless Redis is named
REDIS_URL = env.str("REDIS_URL", "")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "memory://localhost/")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "sync"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {"polling_interval": 0.02}
    if CELERY_BROKER_URL.startswith("memory:")
    else {"socket_timeout": 10, "socket_connect_timeout": 2, "visibility_timeout": 3600}
)

# E-mail: a folder of files unless told otherwise
_email = urlsplit(env.str("EMAIL_URL", f"file://{VAR_DIR / 'outbox'}"))
if _email.scheme == "file":
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = _email.path
elif _email.scheme == "console":
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
elif _email.scheme in ("smtp", "smtp+tls", "smtps"):
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _email.hostname or "localhost", _email.port or 25
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email.username or "", _email.password or ""
    EMAIL_USE_TLS, EMAIL_USE_SSL = _email.scheme == "smtp+tls", _email.scheme == "smtps"
    EMAIL_TIMEOUT = 20
else:
    raise ImproperlyConfigured("EMAIL_URL must begin with smtp://, smtp+tls://, smtps://, file:// or console://.")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", f"{PRODUCT_NAME} <no-reply@localhost>")

# QuickBooks
INTUIT_CLIENT_ID = env.str("INTUIT_CLIENT_ID", "")
INTUIT_CLIENT_SECRET = _secret("INTUIT_CLIENT_SECRET")
INTUIT_ENVIRONMENT = env.str("INTUIT_ENVIRONMENT", "sandbox")
if INTUIT_ENVIRONMENT not in ("production", "sandbox"):
    raise ImproperlyConfigured('INTUIT_ENVIRONMENT must be "production" or "sandbox".')
INTUIT_DISCOVERY_URL = env.str(
    "INTUIT_DISCOVERY_URL",
    "https://developer.api.intuit.com/.well-known/openid_configuration"
    if INTUIT_ENVIRONMENT == "production"
    else "https://developer.api.intuit.com/.well-known/openid_sandbox_configuration",
)
QBO_API_BASE_URL = env.str(
    "QBO_API_BASE_URL",
    "https://quickbooks.api.intuit.com"
    if INTUIT_ENVIRONMENT == "production"
    else "https://sandbox-quickbooks.api.intuit.com",
).rstrip("/")
INTUIT_BUTTON_FILE = env.str("INTUIT_BUTTON_FILE", "")
if INTUIT_BUTTON_FILE and not (Path(INTUIT_BUTTON_FILE).is_file() and INTUIT_BUTTON_FILE.endswith((".svg", ".png"))):
    raise ImproperlyConfigured("INTUIT_BUTTON_FILE must name Intuit's button as an .svg or .png file that can be read.")
INTUIT_WEBHOOK_VERIFIER_TOKEN = _secret("INTUIT_WEBHOOK_VERIFIER_TOKEN")
QBO_MAX_REQUESTS_PER_MINUTE = env.int("QBO_MAX_REQUESTS_PER_MINUTE", 500)
QBO_MAX_REQUESTS_PER_SECOND = env.int("QBO_MAX_REQUESTS_PER_SECOND", 10)
QBO_MAX_BATCHES_PER_MINUTE = env.int("QBO_MAX_BATCHES_PER_MINUTE", 40)

# Stores
ALLOW_PRIVATE_STORE_URLS = env.bool("ALLOW_PRIVATE_STORE_URLS", False)

# People
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SIGN_UP_OPEN = env.bool("SIGN_UP_OPEN", True)
ACCOUNT_ADAPTER = "tenants.web.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "tenants.web.forms.SignInForm",
    "signup": "tenants.web.forms.SignUpForm",
    "add_email": "tenants.web.forms.NewAddressForm",
    "reauthenticate": "tenants.web.forms.ConfirmForm",
    "reset_password": "tenants.web.forms.ForgottenPasswordForm",
    "reset_password_from_key": "tenants.web.forms.NewPasswordForm",
    "change_password": "tenants.web.forms.PasswordForm",
    "set_password": "tenants.web.forms.FirstPasswordForm",
}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_RATE_LIMITS = {"confirm_email": "1/30s/key,10/h/key"}
PASSWORD_RESET_TIMEOUT = 24 * 3600
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)
MFA_ADAPTER = "tenants.web.two_factor.TwoFactorAdapter"
MFA_FORMS = {
    "authenticate": "tenants.web.forms.CodeForm",
    "reauthenticate": "tenants.web.forms.CodeAgainForm",
    "activate_totp": "tenants.web.forms.FirstCodeForm",
}
MFA_ALLOW_UNVERIFIED_EMAIL = True
"""Nobody gets in unverified, so this only lets people with a second factor change their address."""
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = PRODUCT_NAME
MFA_TOTP_PERIOD = 30
MFA_TOTP_TOLERANCE = 1
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# Languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French")), ("fr-ca", _("Canadian French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Static files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# Security
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _is_https
SECURE_SSL_REDIRECT = _is_https
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _is_https else None
SECURE_HSTS_SECONDS = 31_536_000 if _is_https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _is_https
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'"],
    }
}

# Observability
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOG_FORMAT = env.str("LOG_FORMAT", "console" if DEBUG else "json")
if LOG_FORMAT not in ("console", "json"):
    raise ImproperlyConfigured('LOG_FORMAT must be "console" or "json".')
SENTRY_DSN = env.str("SENTRY_DSN", "")
LOGGING_CONFIG = None
