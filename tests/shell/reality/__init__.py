"""Shell sessions on a real Debian 12, and their replay."""
