"""What is watched while orders are answered: drift, fallbacks, whether quotes are kept, how old counts are."""
