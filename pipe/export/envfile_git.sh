# Adds to git's settings in the environment, once for this shell and those that it starts. The settings may be those of
# somebody else already, and their number is trusted only if it is one.
case " ${__bitbucket_token_git-} " in
  *" @ID@ "*) ;;
  *)
    export __bitbucket_token_git="${__bitbucket_token_git-} @ID@"
    case ${GIT_CONFIG_COUNT:-0} in
      *[!0-9]* | 0?* | ?????*) GIT_CONFIG_COUNT=0 ;;
    esac
    GIT_CONFIG_COUNT=${GIT_CONFIG_COUNT:-0}
    __bitbucket_token_put() {
      eval "GIT_CONFIG_KEY_$GIT_CONFIG_COUNT=\$1 GIT_CONFIG_VALUE_$GIT_CONFIG_COUNT=\$2
        export GIT_CONFIG_KEY_$GIT_CONFIG_COUNT GIT_CONFIG_VALUE_$GIT_CONFIG_COUNT"
      GIT_CONFIG_COUNT=$((GIT_CONFIG_COUNT + 1))
    }
@NETRC@
@SETTINGS@
    export GIT_CONFIG_COUNT
    unset -f __bitbucket_token_put __bitbucket_token_netrc
    case $(command git --version 2>/dev/null </dev/null) in
      'git version '[01].* | 'git version 2.'[0-9] | 'git version 2.'[0-9].* | 'git version 2.'[12][0-9].* | \
        'git version 2.30'*)
        echo "bitbucket-token: this git is too old for configure-git, which needs 2.31; see docs/git.md." >&2 ;;
    esac ;;
esac
