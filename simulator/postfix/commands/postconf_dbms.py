"""Parameters of LDAP, SQL and memcache tables: `ldap:PREFIX` makes `PREFIX_server_host` and the like known to postconf(1),
and the settings in the file of `mysql:/etc/postfix/x.cf` are checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.lib import main_cf
from simulator.postfix.lib.braces import list_words, unbrace

if TYPE_CHECKING:
    from simulator.postfix.commands.postconf_master import MasterEntry
    from simulator.postfix.commands.postconf_parameters import KnownParameters

_SQL = "additional_conditions dbname domain expansion_limit hosts password query result_format select_field table user where_field "
_LDAP = (
    "bind bind_dn bind_pw cache cache_expiry cache_size chase_referrals debuglevel dereference domain expansion_limit "
    "leaf_result_attribute query_filter recursion_limit result_attribute result_filter result_format sasl_authz_id sasl_mechs "
    "sasl_minssf sasl_realm scope search_base server_host server_port size_limit special_result_attribute start_tls "
    "terminal_result_attribute timeout tls_ca_cert_dir tls_ca_cert_file tls_cert tls_cipher_suite tls_key tls_random_file "
    "tls_require_cert version"
)
_MYSQL = _SQL + "option_file option_group require_result_set tls_CAfile tls_CApath tls_cert_file tls_ciphers tls_key_file tls_verify_cert"
_SQLITE = "additional_conditions dbpath domain expansion_limit query result_format select_field table where_field"
_MEMCACHE = "backup data_size_limit domain flags key_format line_size_limit max_try memcache retry_pause timeout ttl"
#: Settings of each table type: ldap_table(5), mysql_table(5), pgsql_table(5), sqlite_table(5), memcache_table(5).
SETTINGS = {
    "ldap": _LDAP.split(),
    "mysql": _MYSQL.split(),
    "pgsql": (_SQL + "select_function").split(),
    "sqlite": _SQLITE.split(),
    "memcache": _MEMCACHE.split(),
}


class Databases:
    """Looks for `type:name` in parameter values."""

    def __init__(self, parameters: KnownParameters) -> None:
        self.parameters = parameters
        self.seen: set[str] = set()

    def look(self, text: str, scope: MasterEntry | None) -> None:
        """Examine one value. Raises Fatal if it cannot be expanded."""
        self._walk(self.parameters.expand(text, scope) if "$" in text else text, scope)

    def _walk(self, text: str, scope: MasterEntry | None) -> None:
        for word in list_words(text):
            if word.startswith("{"):
                self._walk(self._inside(word, scope), scope)
                continue
            kind, colon, rest = word.partition(":")
            while colon and kind == "proxy":
                kind, colon, rest = rest.partition(":")
            if not colon or rest.startswith("."):
                continue
            if rest.startswith("{"):
                self._walk(self._inside(rest, scope), scope)
            elif rest.startswith("/"):
                self._check_file(kind, rest)
            else:
                for setting in SETTINGS.get(kind, ()):
                    self.parameters.flag(f"{rest}_{setting}", scope, optional=True)

    def _inside(self, word: str, scope: MasterEntry | None) -> str:
        inside, error = unbrace(word)
        if error:
            self.parameters.warn(f"{'main.cf' if scope is None else f'master.cf:{scope.name_space}'}: {error}")
        return inside

    def _check_file(self, kind: str, path: str) -> None:
        """Settings in the table's own file that its type does not know."""
        table = f"{kind}:{path}"
        if kind not in SETTINGS or table in self.seen:
            return
        self.seen.add(table)
        warn = self.parameters.warn
        values: dict[str, str] = {}
        try:
            data = self.parameters.machine.read(path)
        except PermissionError:
            return
        except IsADirectoryError:
            warn(f'open "{kind}" configuration "{path}": not a regular file')
            return
        except OSError as error:
            warn(f'open "{kind}" configuration "{path}": {error.strerror}')
            return
        main_cf.parse(data, path).load(values, path, warn)
        for name, text in values.items():
            if name not in SETTINGS[kind]:
                warn(f"{table}: unused parameter: {name}={text}")
