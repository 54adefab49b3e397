#!/bin/sh
# Installs what the heavy tests need and is missing, on Debian or Ubuntu: a Redis, a browser, Java 17 or later, Maven.
# May be run again and again; says nothing when there is nothing to do. Needs root or sudo for what is missing.
set -eu

fail() {
  echo "tests/rig/ci_setup.sh: $*" >&2
  exit 1
}

java_major() {
  java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1
}

has_java() {
  command -v java > /dev/null 2>&1 && [ "$(java_major)" -ge 17 ] 2> /dev/null
}

has_browser() {
  for name in chromium chromium-browser google-chrome google-chrome-stable; do
    command -v "$name" > /dev/null 2>&1 && return 0
  done
  return 1
}

missing() {
  command -v redis-server > /dev/null 2>&1 || echo redis-server
  has_browser || echo chromium
  has_java || echo default-jre-headless
  command -v mvn > /dev/null 2>&1 || echo maven
}

wanted=$(missing | tr '\n' ' ')
[ -n "$wanted" ] || exit 0

command -v apt-get > /dev/null 2>&1 ||
  fail "missing: $wanted- and there is no apt-get here; install them in this system's own way"

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo > /dev/null 2>&1 || fail "missing: $wanted- run this as root"
  as_root="sudo"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A machine that has just booted may still be updating itself, so wait for the lock of dpkg. Recommended packages would
# bring half a desktop along.
get() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@" > "$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "apt-get $1 failed while installing: $wanted"
  }
}

get update
# A list of words, so not quoted.
# shellcheck disable=SC2086
get install --no-install-recommends $wanted

still=$(missing | tr '\n' ' ')
[ -z "$still" ] || fail "installed, but still not usable: $still"
