"""What is drawn for a trace: one module a noun, each with random streams of its own."""
