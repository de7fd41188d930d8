"""Programs that collect mail from mailbox servers: fetchmail."""
