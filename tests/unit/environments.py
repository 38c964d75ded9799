"""What the environment of a step looks like on each CI system, shortened to what tells it apart or could mislead."""

GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_ACTOR": "octocat",
    "GITHUB_EVENT_NAME": "push",
    "GITHUB_REPOSITORY": "octocat/hello-world",
    "GITHUB_RUN_ID": "1",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_WORKSPACE": "/github/workspace",
    "RUNNER_OS": "Linux",
    "RUNNER_NAME": "Hosted Agent",
}

GITEA = {
    **GITHUB,
    "GITEA_ACTIONS": "true",
    "GITEA_ACTIONS_RUNNER_VERSION": "v0.2.13",
    "GITHUB_SERVER_URL": "https://gitea.example.com",
}

FORGEJO = {**GITEA, "FORGEJO_ACTIONS": "true", "FORGEJO": "true", "GITHUB_SERVER_URL": "https://code.example.org"}

BITBUCKET = {
    "CI": "true",
    "BITBUCKET_BRANCH": "main",
    "BITBUCKET_BUILD_NUMBER": "7",
    "BITBUCKET_CLONE_DIR": "/opt/atlassian/pipelines/agent/build",
    "BITBUCKET_PIPELINE_UUID": "{d3e8a0d5-0000-4000-8000-000000000000}",
    "BITBUCKET_REPO_FULL_NAME": "team/repository",
    "BITBUCKET_STEP_UUID": "{5f3e1c7a-0000-4000-8000-000000000000}",
    "BITBUCKET_WORKSPACE": "team",
}

# A developer's own machine, which may well have variables for Bitbucket and GitHub.
MACHINE = {
    "HOME": "/home/someone",
    "PATH": "/usr/bin",
    "BITBUCKET_CLIENT_ID": "key",
    "BITBUCKET_ACCESS_TOKEN": "old",
    "GITHUB_TOKEN": "other",
    "CI": "",
}

# Some CI system that nobody has told this program of.
UNKNOWN = {"CI": "true", "BUILD_ID": "7", "SOME_CI": "true"}

SAMPLES = [
    ("github", GITHUB),
    ("gitea", GITEA),
    ("forgejo", FORGEJO),
    ("bitbucket", BITBUCKET),
    ("none", MACHINE),
    ("none", UNKNOWN),
    ("none", {}),
]
