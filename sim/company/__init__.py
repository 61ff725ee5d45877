"""The company and those who answer it: its books, running costs, the rule it steers by, the rival, the regulator."""
