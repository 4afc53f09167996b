#!/bin/sh
# Removes what `make quickstart` made: its folder with its token, keys, PINs and log. Packages and target/ stay.
set -eu
cd "$(dirname "$0")/.."
. scripts/lib.sh

folder=$(realpath -m "${FOLDER:-quickstart}")
if [ ! -d "$folder" ]; then
    say "There is no $folder to remove."
    exit 0
fi
# Only what the quickstart made has its configuration.
[ ! -e "$folder/kunci.toml" ] || grep -q '^# Made by make quickstart' "$folder/kunci.toml" ||
    die "$folder/kunci.toml is not of the quickstart." "If nothing in there is dear to you: rm -r $folder"
rm -r "$folder"
say "$folder is removed. Packages stay installed; cargo clean removes what was built."
