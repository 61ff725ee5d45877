"""The crowd: who they are, when they open the app, how they take it, when they join and leave."""
