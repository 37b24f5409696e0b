"""What if? Changes over an untouched scenario, replications paired on the same luck, and what they show."""
