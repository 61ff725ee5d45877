"""The assistant: questions, advice and reminders in a thread."""
