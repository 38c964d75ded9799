# What later steps do with the token, as the README shows it: clone, call the REST API, and print it by mistake.
# Loaded by dash and bash, with BITBUCKET_ACCESS_TOKEN set.
git -c credential.helper= \
  -c credential.helper='!f() { echo username=x-token-auth; echo "password=$BITBUCKET_ACCESS_TOKEN"; }; f' \
  clone --quiet https://bitbucket.org/team/hello.git cloned
echo "cloned: $(cat cloned/README.md)"
printf 'Authorization: Bearer %s\n' "$BITBUCKET_ACCESS_TOKEN" |
  curl --fail --silent --show-error --header @- https://api.bitbucket.org/2.0/repositories/team/hello
echo
echo "by mistake: $BITBUCKET_ACCESS_TOKEN"
echo "by mistake, on standard error: $BITBUCKET_ACCESS_TOKEN" >&2
printf 'x-token-auth:%s' "$BITBUCKET_ACCESS_TOKEN" | base64 -w0
echo
echo "it ends at: $BITBUCKET_ACCESS_TOKEN_EXPIRES_AT"
