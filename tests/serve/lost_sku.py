"""A network that has lost a SKU since its database was filled."""

from __future__ import annotations

from dataclasses import replace

from scenarios.public import PublicScenario
from serve.orders.known import Known


def without_sku(public: PublicScenario, name: str) -> Known:
    """The network, less one SKU and its stock."""
    kept = [sku.name != name for sku in public.skus]
    units = public.published.daily_units_milli
    return Known(
        replace(
            public,
            skus=tuple(sku for sku, is_kept in zip(public.skus, kept, strict=True) if is_kept),
            stock=tuple(row for row in public.stock if row.sku != name),
            published=replace(
                public.published,
                daily_units_milli=tuple(mean for mean, is_kept in zip(units, kept, strict=True) if is_kept),
            ),
        )
    )
