"""Mail user agents: programs with which people write and read mail. They run sendmail(1) and never import Postfix."""
