# The model of the Django site.
from django.db import models


class Article(models.Model):
    class Meta:
        app_label = "blog"
