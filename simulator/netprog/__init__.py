"""Programs with which one looks at the network: dig, host, nslookup, nc, telnet, ping, ss, ip, getent, hostname."""
