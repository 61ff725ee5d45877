"""Support: customers who ask for help, and the desks that help them."""
