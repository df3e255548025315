#!/bin/bash
# The MariaDB image runs this once: it creates a database and a user per service. Each user may use only its own databases.
set -euo pipefail
make() {
  local prefix=$1 user=$2 password=$3
  mariadb -uroot -p"$MARIADB_ROOT_PASSWORD" <<SQL
create database if not exists \`${prefix}_${DATABASE_SUFFIX:-compose}\` character set utf8mb4 collate utf8mb4_unicode_ci;
create user if not exists '$user'@'%' identified by '$password';
grant all privileges on \`${prefix}\\_%\`.* to '$user'@'%';
SQL
}
# processes: begin databases
make replay replay "$REPLAY_DB_PASSWORD"
make rating rating "$RATING_DB_PASSWORD"
make identity identity "$IDENTITY_DB_PASSWORD"
make chat chat "$CHAT_DB_PASSWORD"
make match matches "$MATCH_DB_PASSWORD"
# processes: end databases
