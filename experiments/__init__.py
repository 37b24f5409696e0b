"""How do we compare? Runs, records, paired statistics, figures and reports."""
