#!/bin/bash
# Packs what the former step moved out, and stubs for what an EL9 always has, into a repository on disk.
set -euo pipefail
: "${recipe:?}" "${hidden:?}"
export PATH=$hidden/bin:$PATH

# EL's repository, and one like EPEL's and nginx.org's, which is disabled.
repository=/usr/lib/lab/repository others=/usr/lib/lab/repository-of-others
mkdir -p "$repository" "$others"

# One spec for all stubs. Their files are in the base; the stubs make rpm know the names, so that `rpm -q sudo`
# and the requirements of packages work as on EL.
minimal_environment() {
  local name version provides names=() body="" summary="A part of the minimal installation"
  while read -r name version provides; do
    [[ -z $name || $name == \#* ]] && continue
    if [[ $name == -* ]]; then name=${name#-}; else names+=("$name"); fi
    body+=$'\n'"%package -n $name"$'\n'"Summary: $summary"$'\n'"Version: $version"$'\n'"AutoReqProv: no"$'\n'
    [[ -z $provides ]] || body+="Provides: ${provides//=/ = }"$'\n'
    body+="%description -n $name"$'\n'"%{summary}."$'\n'"%files -n $name"$'\n'
  done <"$recipe/rpm/minimal-environment"
  printf '%s\n' "Name: minimal-environment" "Version: 9" "Release: 1%{?dist}" "Summary: $summary" \
    "License: GPLv2+" "AutoReqProv: no"
  # The last of them has a spec of its own.
  printf 'Requires: %s\n' "${names[@]}" initscripts-service
  printf '%%description\n%%{summary}.\n%%files\n%s' "$body"
}
minimal_environment >"$recipe/rpm/minimal-environment.spec"

# The log is only printed on a failure: Debian's rpmbuild warns about its host on every run.
log=$(mktemp)
build() { # SPEC OPTION...
  rpmbuild -bb --quiet "$@" \
    --define "_topdir /tmp/rpmbuild" \
    --define "_rpmdir $repository" \
    --define "_rpmfilename %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm" \
    --define "stage /stage" \
    --define "recipe $recipe" \
    --define "dist .el9" \
    --define "debug_package %{nil}" \
    --define "_build_id_links none" \
    --define "__os_install_post %{nil}" \
    --define "_binary_payload w1.zstdio" >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
  }
}
for spec in "$recipe"/rpm/*.spec; do build "$spec"; done
build "$recipe/rpm/postgresql.spec" --define 'plain 1'
build "$recipe/rpm/postgresql.spec" --define 'stream 16'
createrepo_c --quiet --database "$repository" >/dev/null
repository=$others
for spec in "$recipe"/rpm/others/*.spec; do build "$spec"; done
build "$recipe/rpm/nginx.spec" --define 'of_others 1'
createrepo_c --quiet --database "$repository" >/dev/null
repository=/usr/lib/lab/repository
if [[ -f $recipe/rpm/modules.yaml ]]; then
  modifyrepo_c --mdtype=modules "$recipe/rpm/modules.yaml" "$repository/repodata" >/dev/null
fi
rm -rf /stage /tmp/rpmbuild "$log"
