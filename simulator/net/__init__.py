"""The network of a lab: addresses, ports, connections, names, and everything that can go wrong with them."""
