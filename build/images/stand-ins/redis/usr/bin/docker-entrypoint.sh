#!/bin/sh
# As in the official image: options alone, or a configuration file, are for redis-server.
set -e
case ${1:-} in
-* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
