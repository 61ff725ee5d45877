"""Rides: riders, drivers and the city they drive in."""
