"""What happens in a thread, one file a service."""
