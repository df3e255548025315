#!/bin/bash
# On empty data: makes the database, the root password and what /docker-entrypoint-initdb.d says, without a port. Then the server.
set -euo pipefail
if [ "$(id -u)" = 0 ]; then
  chown mysql:mysql /var/lib/mysql /run/mysqld
  exec setpriv --reuid=999 --regid=999 --clear-groups "$0" "$@"
fi
if [ ! -d /var/lib/mysql/mysql ]; then
  mariadb-install-db --datadir=/var/lib/mysql --skip-test-db --auth-root-authentication-method=normal >/dev/null
  mariadbd --skip-networking --socket=/run/mysqld/mysqld.sock &
  server=$!
  for _ in $(seq 60); do mariadb-admin -uroot ping >/dev/null 2>&1 && break; sleep 0.5; done
  mariadb -uroot -e "delete from mysql.global_priv where User = '' or (User = 'root' and Host <> 'localhost'); flush privileges; create user 'root'@'%' identified by '$MARIADB_ROOT_PASSWORD'; grant all privileges on *.* to 'root'@'%' with grant option; alter user 'root'@'localhost' identified by '$MARIADB_ROOT_PASSWORD'"
  shopt -s nullglob
  for script in /docker-entrypoint-initdb.d/*.sh; do bash "$script"; done
  mariadb-admin -uroot -p"$MARIADB_ROOT_PASSWORD" shutdown
  wait "$server"
fi
exec mariadbd --bind-address=0.0.0.0 --socket=/run/mysqld/mysqld.sock "$@"
