#!/bin/bash
# By TCP, which the server has only once its data are made.
exec mariadb-admin -h127.0.0.1 -uroot -p"$MARIADB_ROOT_PASSWORD" ping >/dev/null
