# A list to its end with curl and jq, as scripts do it: sh pages.sh URL
set -eu
url=$1
while [ -n "$url" ]; do
  printf 'Authorization: Bearer %s\n' "$BITBUCKET_ACCESS_TOKEN" | curl -sS --fail -H @- -o page.json "$url"
  jq -c '.values[]' page.json
  url=$(jq -r '.next // empty' page.json)
done
