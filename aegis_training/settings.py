"""Every setting of the service. What can be set from outside is read from the environment here.

`docs/configuration.md` lists the variables; a test compares it with this file.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

from corsheaders.defaults import default_headers
from csp.constants import NONCE

from aegis_training import environment
from aegis_training.secret_key import secret_key_in
from training_status import run_states
from training_status.budget import BUDGET_STATES
from training_status.forecast_methods import FORECAST_METHODS
from training_status.log_levels import LEVELS
from training_status.optimizer_terms import MODEL_ROLES, ORIGINS, SPLITS
from training_status.phases import PHASE_NAMES, STEP_STATUSES
from training_status.roles import ROLES

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(environment.text("AEGIS_DATA_DIR", str(BASE_DIR / ".data"))).expanduser().resolve()

DEBUG = False
SECRET_KEY = environment.text("AEGIS_SECRET_KEY") or secret_key_in(DATA_DIR)
ALLOWED_HOSTS = environment.words("AEGIS_ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"))
CSRF_TRUSTED_ORIGINS = environment.origins("AEGIS_TRUSTED_ORIGINS")

# The path of the service on its host: empty, or for example /training. Both `/training/x` and `/x` work, so the prefix
# must not be the beginning of a path of the service.
OWN_PATHS = (
    *("/admin", "/api/schema", "/api/v1", "/docs", "/domains", "/favicon.ico", "/healthz"),
    *("/openapi.json", "/redoc", "/sign-in", "/sign-out", "/static", "/ws"),
)
URL_PREFIX = environment.url_prefix("AEGIS_URL_PREFIX", OWN_PATHS)
FORCE_SCRIPT_NAME = URL_PREFIX or None

# The service's own settings.
STALL_LIMIT = timedelta(seconds=environment.positive_number("AEGIS_STALL_LIMIT_S", 60, of="seconds"))
HANG_LIMIT = timedelta(seconds=environment.positive_number("AEGIS_HANG_LIMIT_S", 30 * 60, of="seconds"))
LOST_LIMIT = timedelta(seconds=environment.positive_number("AEGIS_LOST_LIMIT_S", 15 * 60, of="seconds"))
KEPT_RUNS = environment.count("AEGIS_KEPT_RUNS", None, at_most=999_999_999)  # None: all
KEPT_DAYS = environment.positive_number("AEGIS_KEPT_DAYS", None, of="days")  # None: for ever
LOG_SEARCH_LIMIT = timedelta(seconds=environment.positive_number("AEGIS_LOG_SEARCH_LIMIT_S", 1, of="seconds"))
ANONYMOUS_ROLE = environment.one_of("AEGIS_ANONYMOUS_ROLE", ROLES[:1], "") or None
THREADS = environment.count("AEGIS_THREADS", 8, at_most=200)
STREAM_HOLD = timedelta(seconds=environment.positive_number("AEGIS_STREAM_HOLD_S", 5, of="seconds"))
STREAM_VIEWERS_MAX = environment.count("AEGIS_STREAM_VIEWERS_MAX", 5000, at_most=100_000)

INSTALLED_APPS = [
    "training_status",
    "aegis_training.operators_admin.OperatorsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "corsheaders",
]

MIDDLEWARE = [
    "training_status.api.health.health_check_middleware",
    "training_status.api.cache_control.private_by_default",
    "django.middleware.security.SecurityMiddleware",
    "training_status.api.static_files.StaticFiles",
    "training_status.api.paths.without_trailing_slash",
    "corsheaders.middleware.CorsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "training_status.access.actor_middleware.actor_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "aegis_training.urls"
WSGI_APPLICATION = "aegis_training.wsgi.application"
ASGI_APPLICATION = "aegis_training.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Only PostgreSQL is supported. Without DATABASE_URL, the embedded server starts with the first connection.
_DATABASE = environment.database_url("DATABASE_URL")
# Behind PgBouncer in transaction mode, a prepared statement may be unknown to the server that executes it.
PREPARED_STATEMENTS = environment.switch("AEGIS_PREPARED_STATEMENTS", default=True)


def _database_settings() -> dict[str, Any]:
    parts = dict(_DATABASE or {})
    settings: dict[str, Any] = {
        "ENGINE": "aegis_training.postgresql",
        "NAME": parts.pop("dbname", "aegis"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": {
            "server_side_binding": PREPARED_STATEMENTS,
            "prepare_threshold": 3 if PREPARED_STATEMENTS else None,
            "connect_timeout": 5,
            # A server that has vanished from the network is noticed in seconds, not in hours.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            **parts,
        },
    }
    if _DATABASE is None:
        settings["EMBEDDED_DATA_DIR"] = str(DATA_DIR / "postgresql")
    return settings


DATABASES = {"default": _database_settings()}
# LISTEN needs a connection that stays its own, which a pooler in transaction mode does not give.
LISTEN_DATABASE = environment.database_url("AEGIS_LISTEN_DATABASE_URL")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False
DATETIME_FORMAT = "j M Y, H:i e"  # as `training_status.run_text.moment_text`

# People sign in at one page, the admin's users too.
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "domains"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
# Two installations on one host, one perhaps at its root, neither see nor replace each other's cookies.
_COOKIE_SUFFIX = URL_PREFIX.replace("/", "_")
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"sessionid{_COOKIE_SUFFIX}", f"csrftoken{_COOKIE_SUFFIX}"
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = f"{URL_PREFIX}/"
SESSION_COOKIE_HTTPONLY = True
# Django's cookie of messages would be the whole host's.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
_HTTPS = environment.switch("AEGIS_HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0

CORS_ALLOWED_ORIGINS = environment.origins("AEGIS_CORS_ORIGINS")
CORS_URLS_REGEX = r"^/api/"
CORS_EXPOSE_HEADERS = [
    "Accept-Ranges",
    "Content-Disposition",
    "Content-Range",
    "Date",
    "ETag",
    "Location",
    "Retry-After",
]
CORS_ALLOW_HEADERS = (*default_headers, "if-match", "if-none-match", "if-range", "last-event-id", "range")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "style-src": ["'self'", NONCE],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

STATIC_URL = f"{URL_PREFIX}/static/"
# Collected by the process itself into a folder for each release, below this one, and served from there.
STATIC_RELEASES = Path(environment.text("AEGIS_STATIC_DIR", str(DATA_DIR / "static"))).expanduser().resolve()
STATIC_MODULES = "dashboard/js/*.js"  # whose imports get the hashed names; `*` means folders too
STORAGES = {"staticfiles": {"BACKEND": "aegis_training.static_files.releases.ReleasedFiles"}}

BODY_MAX_BYTES = 4 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_MAX_BYTES

REST_FRAMEWORK = {
    # The token first: its class says `WWW-Authenticate`, without which a missing credential is 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "training_status.access.authentication.TokenAuthentication",
        "training_status.access.authentication.SessionRoleAuthentication",
        "training_status.access.authentication.AnonymousRoleAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["training_status.access.permissions.HasRole"],
    "DEFAULT_RENDERER_CLASSES": ["training_status.api.json_bodies.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["training_status.api.json_bodies.JSONBytesParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "training_status.api.content_negotiation.ContentNegotiation",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "training_status.api.problems.problem_from_exception",
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Aegis Training Status",
    "DESCRIPTION": "How the trainings of AegisRAG's retrieval domains are going: phase, percentage, time left, "
    "metrics and log.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SORT_OPERATIONS": False,
    "TAGS": [
        {"name": "domains", "description": "What is trained."},
        {"name": "status", "description": "How trainings go, and how they went."},
        {"name": "logs", "description": "What trainings said."},
        {"name": "runs", "description": "Trainings one by one."},
        {"name": "optimisation", "description": "What an optimiser tries, finds and uses."},
        {"name": "reporting", "description": "What a training sends."},
        {"name": "live", "description": "Streams of what happens (Server-Sent Events), and tickets for them."},
    ],
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "PhaseName": PHASE_NAMES,
        "StepStatus": STEP_STATUSES,
        "RunStatus": tuple(run_states.SHOWN_STATUS.values()),
        "FailureReason": run_states.FAILURE_REASONS,
        "Health": run_states.HEALTHS,
        "LogLevel": LEVELS,
        "ComparedList": ("metrics", "configuration", "prompts"),
        "ForecastMethod": FORECAST_METHODS,
        "BudgetState": BUDGET_STATES,
        "CandidateOrigin": ORIGINS,
        "ExampleSplit": SPLITS,
        "ModelRole": MODEL_ROLES,
        "OmittedPart": ("predictors", "state"),
        "CandidateOrder": ("score", "time"),
        "StatusEventType": "training_status.serializers.envelope.STATUS_EVENTS",
        "LogEventType": ("log",),
        "GapEventType": ("gap",),
        "CandidateEventType": ("candidate",),
        "EvaluationEventType": ("evaluation",),
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "training_status.api.openapi_document.complete",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django": {"handlers": ["console"], "level": "WARNING", "propagate": False}},
}
