#!/usr/bin/env bash
# Tests a WordPress site behind Tidemark from outside. It logs in as an editor, publishes a post, and
# deletes it.   check.sh https://staging.example.com USER PASSWORD [SECOND_ADDRESS]
set -uo pipefail
site=${1:?address} user=${2:?user} password=${3:?password} other=${4:-$1}
bound=${BOUND_SECONDS:-11} # N, and a second for the request itself
jar=$(mktemp) head=$(mktemp) body=$(mktemp)
trap 'rm -f "$jar" "$jar.guest" "$head" "$body"' EXIT
failed=0
get() { curl -s -o "$body" -D "$head" "$@"; }
status() { sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$head"; }
field() { tr -d '\r' <"$head" | sed -n "s/^$1: //Ip" | head -1; }
now() { date +%s%3N; }
check() { # NAME COMMAND…: reports whether the command succeeds
  if "${@:2}"; then echo "ok      $1"; else echo "FAILED  $1 ($(status), $(field cache-status))"; failed=1; fi
}
has() { grep -qF -- "$1" "$body"; }
lacks() { ! has "$1"; }
is() { [ "$(status)" = "$1" ]; }
cache_says() { field cache-status | grep -q -- "$1"; }
is_not_stored() { ! cache_says stored; }
within() { # NAME TEXT URL…: waits until each URL contains the text
  local begun; begun=$(now)
  for url in "${@:3}"; do
    until get "$url" && has "$2"; do
      if (($(now) - begun > bound * 1000)); then echo "FAILED  $1: not at $url within $bound s"; failed=1; return; fi
      sleep 0.1
    done
  done
  echo "ok      $1: after $(($(now) - begun)) ms"
}

get "$site/"; get "$site/"
check "the second request for the front page is a hit" cache_says '; hit'
get "$site/feed/"; get "$site/feed/"
check "the second request for the feed is a hit" cache_says '; hit'
missing=/no-such-page-$RANDOM/
get "$site$missing"; get "$site$missing"; get "$site$missing"
check "the third request for a missing page is a hit" cache_says '; hit'
check "the missing page is still a 404" is 404

get -c "$jar" "$site/wp-login.php"
get -b "$jar" -c "$jar" --data-urlencode "log=$user" --data-urlencode "pwd=$password" \
  -d testcookie=1 --data-urlencode "redirect_to=$site/wp-admin/" "$site/wp-login.php"
check "the login redirects" is 302
check "the redirect leads to the site's own address" test "$(field location)" = "$site/wp-admin/"
get -b "$jar" "$site/wp-admin/"
check "the dashboard opens" is 200
check "the dashboard bypasses the cache" cache_says 'fwd=bypass'
get -b "$jar" "$site/"
check "the editor's front page has the admin bar" has 'id="wpadminbar"'
check "the editor's front page is not stored" is_not_stored
get "$site/"
check "other clients get a page without the admin bar" lacks 'id="wpadminbar"'
check "other clients get the stored page" cache_says '; hit'

get -b "$jar" "$site/wp-admin/admin-ajax.php?action=rest-nonce"
nonce=$(cat "$body")
mark="mark-$RANDOM-$RANDOM"
for url in "$site/" "$other/" "$other/feed/"; do get "$url"; done
rest() { get -b "$jar" -H "x-wp-nonce: $nonce" -H 'content-type: application/json' "$@"; }
rest -d "{\"title\":\"$mark\",\"content\":\"first\",\"status\":\"publish\",\"comment_status\":\"open\"}" "$site/?rest_route=/wp/v2/posts"
check "a post is published" is 201
id=$(sed -n 's/^{"id":\([0-9]*\).*/\1/p' "$body")
link=$(sed -n 's/.*"link":"\([^"]*\)".*/\1/p' "$body" | sed 's/\\//g')
path=${link#"$site"}
within "the front page and the feed list the post" "$mark" "$site/" "$other/" "$other/feed/"
within "the post has a page" first "$site$path" "$other$path"
rest -d '{"content":"second"}' "$site/?rest_route=/wp/v2/posts/$id"
check "the post is changed" is 200
within "the page shows the change" second "$site$path" "$other$path"

text="a comment $RANDOM"
guest=Guest$RANDOM
get -c "$jar.guest" -d "comment_post_ID=$id" --data-urlencode "comment=$text" -d "author=$guest" \
  -d "email=guest@example.com" -d "wp-comment-cookies-consent=yes" "$site/wp-comments-post.php"
check "a guest's comment is answered with a redirect" is 302
comment=$(field location | sed -n 's/.*#comment-\([0-9]*\)$/\1/p')
rest "$site/?rest_route=/wp/v2/comments/$comment&context=edit"
if has '"status":"hold"'; then # By default, WordPress holds the first comment of an author.
  rest -d '{"status":"approved"}' "$site/?rest_route=/wp/v2/comments/$comment"
  check "the editor approves the held comment" is 200
fi
within "the page shows the comment" "$text" "$site$path" "$other$path"
get -b "$jar.guest" "$site$path"
check "the form contains the guest's name for the guest" has "value=\"$guest\""
check "the guest's page is not stored" is_not_stored
get "$site$path"
check "the form lacks the guest's name for other clients" lacks "value=\"$guest\""

rest -X DELETE "$site/?rest_route=/wp/v2/posts/$id&force=true"
check "the post is deleted" is 200
begun=$(now)
for url in "$site$path" "$other$path"; do
  until get "$url" && is 404; do
    (($(now) - begun > bound * 1000)) && break
    sleep 0.1
  done
done
check "the page is a 404 after $(($(now) - begun)) ms" is 404
exit $failed
