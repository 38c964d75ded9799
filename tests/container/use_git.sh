# What later steps do with configure-git, as docs/git.md shows it: plain git, with a submodule and a tag.
# Loaded by dash and bash.
git clone --quiet https://bitbucket.org/team/hello.git plain
git -C plain submodule --quiet add ../service-01.git
git -C plain -c user.name=Test -c user.email=test@example.com commit --quiet -m 'Add a part'
git -C plain push --quiet
git -C plain tag v1
git -C plain push --quiet origin v1
git clone --quiet --recurse-submodules https://bitbucket.org/team/hello.git again
echo "submodule: $(cat again/service-01/README.md)"
echo "tag: $(git -C again tag)"
