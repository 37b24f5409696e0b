"""Reviews: which decisions a person looks at, and what comes of it."""
