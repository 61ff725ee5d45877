"""The sections of the pages of a run and of a comparison, by what they are about."""
