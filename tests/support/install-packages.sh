#!/bin/sh
# Installs packages of the distribution, without starting the services that they bring.
set -eu
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  # Debian's own way to say that no service is wanted.
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi
apt() { apt-get -q -o DPkg::Lock::Timeout=120 "$@"; }
install() { apt install -y --no-install-recommends "$@"; }
# The index of packages takes seconds to fetch: only where there is none, or an old one names what is gone.
install "$@" || { apt update && install "$@"; }
