"""One forecast for all routers: what past demand that looked like the present was followed by."""
