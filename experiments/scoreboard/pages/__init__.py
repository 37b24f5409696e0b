"""Pages of the board, each made from cells alone: the same cells, the same bytes."""
