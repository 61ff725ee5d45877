"""Settings, columns, luck and kernels: what every floor above stands on. No economics here."""
