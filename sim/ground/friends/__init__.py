"""Friends: the network, given or made, and what is read from it."""
