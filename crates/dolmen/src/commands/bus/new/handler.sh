#!/bin/sh
# Handles one message. Its body is on standard input, the rest in $DOLMEN_MESSAGE_ID,
# $DOLMEN_ROUTING_KEY and $DOLMEN_ATTEMPT. The exit code says what came of it:
#   0 done, 69 what it needs is not there (again later), 65 it cannot be (a person looks at it).
# A message may come twice: what is done here must bear that.
set -eu

body=$(cat)
case $body in
*'"nobody"'*)
    echo "there is no such person" >&2
    exit 65
    ;;
esac
printf '%s %s\n' "$DOLMEN_MESSAGE_ID" "$body" >> greetings.txt
