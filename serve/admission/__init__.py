"""Who is let in: rates of clients and of all, and a bounded queue of decisions."""
