{ __bitbucket_token_set=$- __bitbucket_token_id=@ID@; set +vx; } 2>/dev/null
# Made by the pipe. Load it with "." in any POSIX shell: it exports the variables and, if asked to, first puts a filter
# between the shell and the log that replaces the token by ***. All its names start with __bitbucket_token_.
set +aCefu
@REMOVE@
@FILTER@
@EXPORTS@
for __bitbucket_token_one in a C e f u v x; do
  case $__bitbucket_token_set in
    *"$__bitbucket_token_one"*) __bitbucket_token_again=${__bitbucket_token_again-}$__bitbucket_token_one ;;
  esac
done
# In one command: what follows "set -x" would be traced.
eval "unset __bitbucket_token_set __bitbucket_token_id __bitbucket_token_one __bitbucket_token_again
${__bitbucket_token_again+set -$__bitbucket_token_again}"
