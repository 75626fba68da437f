#!/usr/bin/env bash
# Tries a WordPress behind Tidemark from outside, with an editor's account. It publishes a post and
# deletes it again.   check.sh https://staging.example.com USER PASSWORD [SECOND_ADDRESS]
set -uo pipefail
site=${1:?address} user=${2:?user} password=${3:?password} other=${4:-$1}
bound=${BOUND_SECONDS:-11} # N, and a second for the request itself
jar=$(mktemp) head=$(mktemp) body=$(mktemp)
trap 'rm -f "$jar" "$jar.guest" "$head" "$body"' EXIT
failed=0
ask() { curl -s -o "$body" -D "$head" "$@"; }
status() { sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$head"; }
field() { tr -d '\r' <"$head" | sed -n "s/^$1: //Ip" | head -1; }
now() { date +%s%3N; }
check() { # NAME COMMAND…: is the command true?
  if "${@:2}"; then echo "ok      $1"; else echo "FAILED  $1 ($(status), $(field cache-status))"; failed=1; fi
}
has() { grep -qF -- "$1" "$body"; }
lacks() { ! has "$1"; }
is() { [ "$(status)" = "$1" ]; }
untold() { ! told "$1"; }
told() { field cache-status | grep -q -- "$1"; }
within() { # NAME TEXT URL…: how long until each URL shows the text
  local begun; begun=$(now)
  for url in "${@:3}"; do
    until ask "$url" && has "$2"; do
      if (($(now) - begun > bound * 1000)); then echo "FAILED  $1: not at $url within $bound s"; failed=1; return; fi
      sleep 0.1
    done
  done
  echo "ok      $1: after $(($(now) - begun)) ms"
}

ask "$site/"; ask "$site/"
check "a page is a hit at its second request" told '; hit'
ask "$site/feed/"; ask "$site/feed/"
check "so is the feed" told '; hit'
missing=/no-such-page-$RANDOM/
ask "$site$missing"; ask "$site$missing"; ask "$site$missing"
check "and a page that is not there, at its third" told '; hit'
check "which stays a 404" is 404

ask -c "$jar" "$site/wp-login.php"
ask -b "$jar" -c "$jar" --data-urlencode "log=$user" --data-urlencode "pwd=$password" \
  -d testcookie=1 --data-urlencode "redirect_to=$site/wp-admin/" "$site/wp-login.php"
check "a login is answered with a redirect" is 302
check "to the site's own address" test "$(field location)" = "$site/wp-admin/"
ask -b "$jar" "$site/wp-admin/"
check "the dashboard opens" is 200
check "and passes by" told 'fwd=bypass'
ask -b "$jar" "$site/"
check "a page of somebody logged in has the admin bar" has 'id="wpadminbar"'
check "and is not stored" untold stored
ask "$site/"
check "nobody else gets that page" lacks 'id="wpadminbar"'
check "but the stored one" told '; hit'

ask -b "$jar" "$site/wp-admin/admin-ajax.php?action=rest-nonce"
nonce=$(cat "$body")
mark="mark-$RANDOM-$RANDOM"
for url in "$site/" "$other/" "$other/feed/"; do ask "$url"; done
rest() { ask -b "$jar" -H "x-wp-nonce: $nonce" -H 'content-type: application/json' "$@"; }
rest -d "{\"title\":\"$mark\",\"content\":\"first\",\"status\":\"publish\",\"comment_status\":\"open\"}" "$site/?rest_route=/wp/v2/posts"
check "a post is published" is 201
id=$(sed -n 's/^{"id":\([0-9]*\).*/\1/p' "$body")
link=$(sed -n 's/.*"link":"\([^"]*\)".*/\1/p' "$body" | sed 's/\\//g')
path=${link#"$site"}
within "it stands on the front page and in the feed" "$mark" "$site/" "$other/" "$other/feed/"
within "it has a page of its own" first "$site$path" "$other$path"
rest -d '{"content":"second"}' "$site/?rest_route=/wp/v2/posts/$id"
check "it is changed" is 200
within "its page follows" second "$site$path" "$other$path"

text="a comment $RANDOM"
guest=Guest$RANDOM
ask -c "$jar.guest" -d "comment_post_ID=$id" --data-urlencode "comment=$text" -d "author=$guest" \
  -d "email=guest@example.com" -d "wp-comment-cookies-consent=yes" "$site/wp-comments-post.php"
check "a comment is answered with a redirect" is 302
within "it stands below the post" "$text" "$site$path" "$other$path"
ask -b "$jar.guest" "$site$path"
check "its author finds her name in the form" has "value=\"$guest\""
check "in a page that is not stored" untold stored
ask "$site$path"
check "nobody else does" lacks "value=\"$guest\""

rest -X DELETE "$site/?rest_route=/wp/v2/posts/$id&force=true"
check "the post is deleted" is 200
begun=$(now)
for url in "$site$path" "$other$path"; do
  until ask "$url" && is 404; do
    (($(now) - begun > bound * 1000)) && break
    sleep 0.1
  done
done
check "its page is gone after $(($(now) - begun)) ms" is 404
exit $failed
