#!/bin/sh
# Plays two messages in a copy of this folder, on a bus of its own, and looks at what came of them.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cp -R "$(dirname "$0")" "$folder/service"
cd "$folder/service"
export DOLMEN_BUS="sqlite:$folder/bus.db"

dolmen bus setup > "$folder/setup"
dolmen bus publish {key} --data '{"name": "Ada"}' > "$folder/published"
dolmen bus publish {key} --data '{"name": "nobody"}' >> "$folder/published"
dolmen bus work --service {name} --until-idle --json > "$folder/worked" 2> "$folder/log"

fail() {
    echo "$1" >&2
    cat "$folder/worked" "$folder/log" >&2
    exit 1
}
grep -q '"done": 1,' "$folder/worked" || fail "one message should be done"
grep -q '"hardfailed": 1,' "$folder/worked" || fail "one message should be refused"
dolmen bus failed --json | grep -q "there is no such person" || fail "the refusal should say why"
echo "ok"
