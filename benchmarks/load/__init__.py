"""How the endpoint bears load: a shop of fifty warehouses sends orders of five lines."""
