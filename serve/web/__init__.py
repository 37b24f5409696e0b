"""What the endpoint does with any request: who asks, what may be asked, how errors are told."""
