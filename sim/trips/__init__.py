"""Trips: seats on flights, and the airlines that sell them."""
