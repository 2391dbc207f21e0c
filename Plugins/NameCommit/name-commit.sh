#!/bin/sh
# name-commit.sh FOLDER FILE: writes the commit of the checkout FOLDER into the Swift file FILE, with -dirty when what is built differs
# from it, and nil where there is no git or no checkout (a tarball, also one unpacked within another checkout).
cd "$1" || exit 1
commit=
if [ -z "$(git rev-parse --show-cdup 2>/dev/null || echo none)" ]; then
    commit=$(git rev-parse --short=10 HEAD 2>/dev/null)
    changes=$(git --no-optional-locks status --porcelain -- Package.swift CSystemShims Plugins Sources 2>/dev/null)
    [ -z "$commit" ] || [ -z "$changes" ] || commit=$commit-dirty
fi
if [ -n "$commit" ]; then value="\"$commit\""; else value=nil; fi
text="/// The commit that this program was built from; written by Plugins/NameCommit.
enum BuildCommit { static var text: String? { $value } }"
# Untouched when it says so already: nothing is compiled then.
[ "$(cat "$2" 2>/dev/null)" = "$text" ] || printf '%s\n' "$text" > "$2"
