#!/bin/bash
# Enabled services, then one label for every file, as an installation of EL would leave them.
set -euo pipefail

rm -rf /tmp/* /var/tmp/* /var/log/dnf* /var/log/hawkey.log /var/cache/dnf/*
