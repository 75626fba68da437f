# Saves, rolls back and deletes an article in Django, and lets Wagtail's frontend cache purge two pages.
import sys
from types import ModuleType

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=["blog"],
)


class BaseBackend:
    """As Wagtail calls it. Debian has no Wagtail."""

    def __init__(self, params):
        self.hostnames = params.get("HOSTNAMES", ["*"])


frontend_cache = ModuleType("wagtail.contrib.frontend_cache.backends")
frontend_cache.BaseBackend = BaseBackend
sys.modules["wagtail.contrib.frontend_cache.backends"] = frontend_cache

django.setup()
from django.db import connection, transaction

from blog.backends import TidemarkBackend
from blog.models import Article

with connection.schema_editor() as schema:
    schema.create_model(Article)

try:
    with transaction.atomic():
        Article.objects.create()
        raise LookupError
except LookupError:
    pass
with transaction.atomic():
    article = Article.objects.create(pk=42)
article.delete()
TidemarkBackend({}).purge("https://site.test/news/")
