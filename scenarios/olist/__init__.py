"""Real orders: the Olist tables as scenario ``olist-pooled``. See ``docs/olist.md``."""
