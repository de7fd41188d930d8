"""Lookup tables of all types, lists of them, and lists of patterns: DATABASE_README, dict(3), maps(3), match_list(3)."""

from simulator.postfix.lib.tables.context import TableContext
from simulator.postfix.lib.tables.dict import Table, TableError
from simulator.postfix.lib.tables.mail_addr_find import mail_addr_find
from simulator.postfix.lib.tables.maps import Maps
from simulator.postfix.lib.tables.match_list import AddressList, DomainList, StringList
from simulator.postfix.lib.tables.open import open_table

__all__ = [
    "AddressList",
    "DomainList",
    "Maps",
    "StringList",
    "Table",
    "TableContext",
    "TableError",
    "mail_addr_find",
    "open_table",
]
