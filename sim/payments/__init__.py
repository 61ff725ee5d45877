"""Payments: purses, money between friends, Lucky Money and bills."""
