# Installs the Debian packages "$@" for tests, which start servers of their own: the services that
# the packages bring are neither started now nor at the next boot.
set -eu

# While this file says 101, no package starts its service (invoke-rc.d(8)).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "$@"

if command -v systemctl >/dev/null; then
    for package in "$@"; do
        systemctl disable --quiet "$package" 2>/dev/null || true
    done
fi
