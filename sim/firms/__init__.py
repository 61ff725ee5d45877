"""The few that think: the company, the rival and other institutions, as Mesa agents."""
