# The file removes itself. Its path may be another one here than in the container that made it, so the places where
# it can be are tried in turn, and only a file with this very first line is removed.
for __bitbucket_token_one in @PATHS@ "${BASH_SOURCE-}"; do
  if [ -f "$__bitbucket_token_one" ] && [ -r "$__bitbucket_token_one" ]; then
    IFS= read -r __bitbucket_token_line <"$__bitbucket_token_one" || :
    case $__bitbucket_token_line in
      *" __bitbucket_token_id=$__bitbucket_token_id;"*) command rm -f -- "$__bitbucket_token_one" 2>/dev/null || : ;;
    esac
  fi
done
unset __bitbucket_token_line
